package api_test

import (
	"net/http"
	"net/netip"
	"owlcache/api"
	"owlcache/api/access"
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
)

// classified says who may use each path. A new route must be added here, and whoever
// does so has thought about it.
func classified() map[string]access.Class {
	return map[string]access.Class{
		"/":            access.Public,
		"/data":        access.PerCommand,
		"/data/":       access.PerCommand,
		"/group_data":  access.PerCommand, // it has only get, which anybody may
		"/group_data/": access.PerCommand,
		"/uc":          access.PerCommand, // it has only get, which anybody may
		"/uc/":         access.PerCommand,
		"/ws":          access.Public, // it only reads
		"/livez":       access.Public,
		"/readyz":      access.Public,
		"/metrics":     access.Public,

		"/server":                access.Token,
		"/server/":               access.Token,
		"/admin/backup":          access.Token,
		"/admin/cluster":         access.Token,
		"/admin/cluster/digest":  access.Token,
		"/admin/cluster/entries": access.Token, // it names keys
		"/admin/group":           access.Token,
	}
}

func TestEveryRouteIsClassified(t *testing.T) {
	n := apitest.Start(t, nil)
	want := classified()
	for _, r := range n.Routes() {
		class, ok := want[r.Path]
		switch {
		case !ok:
			t.Errorf("route %s is new: say in classified who may use it", r.Path)
		case class != r.Access:
			t.Errorf("route %s has the access class %d, want %d", r.Path, r.Access, class)
		}
		if (strings.HasPrefix(r.Path, "/server") || strings.HasPrefix(r.Path, "/admin")) && r.Access != access.Token {
			t.Errorf("route %s can be used without a token", r.Path)
		}
	}
}

// TestRoutesRefuseBadTokens tries every bad token on every route that wants one, in all
// the ways to send it.
func TestRoutesRefuseBadTokens(t *testing.T) {
	list := &apitest.List{Addresses: []string{"10.0.0.1:7721"}}
	n := apitest.Start(t, func(o *api.Options) { o.Owlcache, o.Gossip = list, list })
	good := n.Token()
	tried := 0
	for _, r := range n.Routes() {
		if r.Access != access.Token {
			continue
		}
		// What would change something, if it were obeyed.
		query := "?cmd=add&address=10.6.6.6:1&"
		requests := func(token string) map[string]*http.Request {
			bearer := n.Request("GET", r.Path+query, "", "")
			if token != "" {
				bearer.Header.Set("Authorization", "Bearer "+token)
			}
			all := map[string]*http.Request{
				"token":     n.Request("GET", r.Path+query+apitest.Encode("token", token), "", ""),
				"owl_token": n.Request("GET", r.Path+query+apitest.Encode("owl_token", token), "", ""),
				"bearer":    bearer,
			}
			if r.Form {
				all["form"] = n.Request("POST", r.Path, apitest.FormType, apitest.Encode("cmd", "delete", "address", "10.0.0.1:7721", "token", token))
			}
			return all
		}
		for name, token := range apitest.BadTokens(t, good) {
			for way, req := range requests(token) {
				tried++
				if a := n.Do(req); a.Status != 401 || a.Reason() == "" {
					t.Errorf("%s, %s in %s: status %d, %s", r.Path, name, way, a.Status, a.Body)
				}
			}
		}
		if list.Changes() != 0 {
			t.Errorf("%s has changed the list", r.Path)
		}
		for way, req := range requests(good) {
			if a := n.Do(req); a.Status == 401 {
				t.Errorf("%s: a good token in %s is refused", r.Path, way)
			}
		}
		list.Reset()
	}
	if tried == 0 {
		t.Error("no route wants a token")
	}
}

// A token is good for the address that logged in, on these routes too.
func TestRoutesRefuseTokensOfOthers(t *testing.T) {
	n := apitest.Start(t, nil)
	foreign, err := n.Node.Access.Issue(netip.MustParseAddr("127.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range n.Routes() {
		if r.Access != access.Token {
			continue
		}
		if a := n.Get(r.Path + "?cmd=getall&" + apitest.Encode("token", string(foreign))); a.Status != 401 {
			t.Errorf("%s: status %d", r.Path, a.Status)
		}
	}
}
