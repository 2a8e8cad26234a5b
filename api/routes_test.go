package api

import (
	"net/http"
	"strings"
	"testing"
)

// classified says who may use each path. A new route must be added here, and whoever
// does so has thought about it.
func classified() map[string]access {
	return map[string]access{
		"/":            accessPublic,
		"/data":        accessPerCommand,
		"/data/":       accessPerCommand,
		"/group_data":  accessPerCommand, // it has only get, which anybody may
		"/group_data/": accessPerCommand,
		"/uc":          accessPerCommand, // it has only get, which anybody may
		"/uc/":         accessPerCommand,
		"/ws":          accessPublic, // it only reads
		"/livez":       accessPublic,
		"/readyz":      accessPublic,
		"/metrics":     accessPublic,

		"/server":                accessToken,
		"/server/":               accessToken,
		"/admin/backup":          accessToken,
		"/admin/cluster":         accessToken,
		"/admin/cluster/digest":  accessToken,
		"/admin/cluster/entries": accessToken, // it names keys
		"/admin/group":           accessToken,
	}
}

func TestEveryRouteIsClassified(t *testing.T) {
	n := start(t, nil)
	want := classified()
	for _, r := range n.routeTable() {
		class, ok := want[r.path]
		switch {
		case !ok:
			t.Errorf("route %s is new: say in classified who may use it", r.path)
		case class != r.access:
			t.Errorf("route %s has the access class %d, want %d", r.path, r.access, class)
		}
		if (strings.HasPrefix(r.path, "/server") || strings.HasPrefix(r.path, "/admin")) && r.access != accessToken {
			t.Errorf("route %s can be used without a token", r.path)
		}
	}
}

// TestRoutesRefuseBadTokens tries every bad token on every route that wants one, in all
// the ways to send it.
func TestRoutesRefuseBadTokens(t *testing.T) {
	list := &memList{members: []string{"10.0.0.1:7721"}}
	n := start(t, func(o *Options) { o.Owlcache, o.Gossip = list, list })
	good := n.token()
	tried := 0
	for _, r := range n.routeTable() {
		if r.access != accessToken {
			continue
		}
		// What would change something, if it were obeyed.
		query := "?cmd=add&address=10.6.6.6:1&"
		requests := func(token string) map[string]*http.Request {
			bearer := n.request("GET", r.path+query, "", "")
			if token != "" {
				bearer.Header.Set("Authorization", "Bearer "+token)
			}
			all := map[string]*http.Request{
				"token":     n.request("GET", r.path+query+encode("token", token), "", ""),
				"owl_token": n.request("GET", r.path+query+encode("owl_token", token), "", ""),
				"bearer":    bearer,
			}
			if r.form {
				all["form"] = n.request("POST", r.path, formType, encode("cmd", "delete", "address", "10.0.0.1:7721", "token", token))
			}
			return all
		}
		for name, token := range badTokens(t, good) {
			for way, req := range requests(token) {
				tried++
				if a := n.do(req); a.status != 401 || a.reason() == "" {
					t.Errorf("%s, %s in %s: status %d, %s", r.path, name, way, a.status, a.body)
				}
			}
		}
		if list.changes() != 0 {
			t.Errorf("%s has changed the list", r.path)
		}
		for way, req := range requests(good) {
			if a := n.do(req); a.status == 401 {
				t.Errorf("%s: a good token in %s is refused", r.path, way)
			}
		}
		list.reset()
	}
	if tried == 0 {
		t.Error("no route wants a token")
	}
}

// A token is good for the address that logged in, on these routes too.
func TestRoutesRefuseTokensOfOthers(t *testing.T) {
	n := start(t, nil)
	foreign, err := n.tokens.issue(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range n.routeTable() {
		if r.access != accessToken {
			continue
		}
		if a := n.get(r.path + "?cmd=getall&" + encode("token", string(foreign))); a.status != 401 {
			t.Errorf("%s: status %d", r.path, a.status)
		}
	}
}
