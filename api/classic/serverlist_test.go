package classic_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"owlcache/api"
	"owlcache/api/classic"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"slices"
	"strings"
	"testing"
)

func TestServerList(t *testing.T) {
	n, _, _ := apitest.StartWithLists(t, nil)
	token := n.Token()
	for _, tt := range []struct {
		query  string
		status int
		body   string
	}{
		{"cmd=getall", 200, `{"Cmd":"getall","Status":200,"Results":"SUCCESS","Address":"","Data":null}`},
		{"cmd=add&address=127.0.0.1:7721", 200, `{"Cmd":"","Status":200,"Results":"SUCCESS","Address":"127.0.0.1:7721","Data":null}`},
		{"cmd=getall", 200, `{"Cmd":"getall","Status":200,"Results":"SUCCESS","Address":"","Data":[{"Cmd":"","Address":"127.0.0.1:7721","Pass":"","Token":""}]}`},
		{"cmd=getall&group_type=gossip", 200, `{"Cmd":"getall","Status":200,"Results":"SUCCESS","Address":"","Data":null}`},
		{"cmd=add&address=node:8080&pass=hunter2&group_type=owlcache", 200, `{"Cmd":"","Status":200,"Results":"SUCCESS","Address":"node:8080","Data":null}`},
		{"cmd=add&address=node:7946&group_type=gossip", 200, `{"Cmd":"","Status":200,"Results":"SUCCESS","Address":"node:7946","Data":null}`},
		{"cmd=getall&address=x", 200, `{"Cmd":"getall","Status":200,"Results":"SUCCESS","Address":"x","Data":[{"Cmd":"","Address":"127.0.0.1:7721","Pass":"","Token":""},{"Cmd":"","Address":"node:8080","Pass":"","Token":""}]}`},
		{"cmd=get&address=127.0.0.1:7721", 200, `{"Cmd":"get","Status":200,"Results":"SUCCESS","Address":"127.0.0.1:7721","Data":{"Cmd":"","Address":"127.0.0.1:7721","Pass":"","Token":""}}`},
		{"cmd=get&address=NODE:8080", 200, `{"Cmd":"get","Status":200,"Results":"SUCCESS","Address":"NODE:8080","Data":{"Cmd":"","Address":"node:8080","Pass":"","Token":""}}`},
		{"cmd=get&address=node:7946", 404, `{"Cmd":"get","Status":404,"Results":"NOT_FOUND","Address":"node:7946","Data":null}`},
		{"cmd=get", 404, `{"Cmd":"get","Status":404,"Results":"NOT_FOUND","Address":"","Data":null}`},
		{"cmd=get&address=node:7946&group_type=gossip", 200, `{"Cmd":"get","Status":200,"Results":"SUCCESS","Address":"node:7946","Data":{"Cmd":"","Address":"node:7946","Pass":"","Token":""}}`},
		{"cmd=delete&address=node:8080", 200, `{"Cmd":"delete","Status":200,"Results":"SUCCESS","Address":"node:8080","Data":null}`},
		{"cmd=delete&address=node:8080", 404, `{"Cmd":"delete","Status":404,"Results":"NOT_FOUND","Address":"node:8080","Data":null}`},
		{"cmd=add", 500, `{"Cmd":"","Status":500,"Results":"ERROR","Address":"","Data":null}`},
		{"cmd=getall&group_type=other", 500, `{"Cmd":"getall","Status":500,"Results":"ERROR","Address":"","Data":null}`},
		{"cmd=add&address=a:1&group_type=Gossip", 500, `{"Cmd":"","Status":500,"Results":"ERROR","Address":"a:1","Data":null}`},
		{"cmd=GetAll", 501, `{"Cmd":"GetAll","Status":501,"Results":"UNKNOWN_COMMAND","Address":"","Data":null}`},
		{"", 501, `{"Cmd":"","Status":501,"Results":"UNKNOWN_COMMAND","Address":"","Data":null}`},
		{"cmd=set&key=k&address=%3Ca%22%00", 501, `{"Cmd":"set","Status":501,"Results":"UNKNOWN_COMMAND","Address":"\u003ca\"\u0000","Data":null}`},
		{"cmd=get&address=%zz", 500, `{"Cmd":"get","Status":500,"Results":"ERROR","Address":"","Data":null}`},
	} {
		a := n.Get("/server/?" + tt.query + "&" + apitest.Encode("token", token))
		if a.Status != tt.status || a.Body != tt.body {
			t.Errorf("%s: status %d, want %d\n got %s\nwant %s", tt.query, a.Status, tt.status, a.Body, tt.body)
		}
		if a.Header.Get("Content-Type") != exchange.TypeJSON || a.Header.Get("Server") != "owlcache 0.6.0" || (a.Reason() != "") != (tt.status != 200) {
			t.Errorf("%s: headers %v", tt.query, a.Header)
		}
	}
}

func TestServerListWithoutToken(t *testing.T) {
	n, list, _ := apitest.StartWithLists(t, nil)
	for _, path := range []string{"/server", "/server/"} {
		a := n.Do(n.Request("POST", path, apitest.FormType, apitest.Encode("cmd", "add", "address", "a:1")))
		if a.Status != 401 || a.Body != `{"Cmd":"add","Status":401,"Results":"NOT_PASS","Address":"a:1","Data":null}` {
			t.Errorf("%s: status %d, %s", path, a.Status, a.Body)
		}
	}
	if list.Changes() != 0 {
		t.Error("the list has changed")
	}
}

func TestServerListWays(t *testing.T) {
	n, list, _ := apitest.StartWithLists(t, nil)
	token := n.Token()
	multipart := "--b\r\nContent-Disposition: form-data; name=\"cmd\"\r\n\r\nadd\r\n--b\r\nContent-Disposition: form-data; name=\"address\"\r\n\r\nc:1\r\n--b--\r\n"
	for name, req := range map[string]*http.Request{
		"query":     n.Request("PUT", "/server?"+apitest.Encode("cmd", "add", "address", "a:1", "token", token), "", ""),
		"form":      n.Request("POST", "/server/", apitest.FormType, apitest.Encode("cmd", "add", "address", "b:1", "token", token)),
		"multipart": n.Request("POST", "/server/?"+apitest.Encode("token", token), "multipart/form-data; boundary=b", multipart),
	} {
		if a := n.Do(req); a.Status != 200 {
			t.Errorf("%s: status %d, %s", name, a.Status, a.Body)
		}
	}
	got := slices.Sorted(slices.Values(list.Members()))
	if !slices.Equal(got, []string{"a:1", "b:1", "c:1"}) {
		t.Errorf("members %q", got)
	}
	if a := n.Do(n.Request("POST", "/server/?"+apitest.Encode("token", token), "application/json", "{}")); a.Status != 415 {
		t.Errorf("another body: status %d", a.Status)
	}
}

// What a list refuses is shown, what goes wrong below it is not. Neither tokens nor
// passwords are logged.
func TestServerListErrors(t *testing.T) {
	var log apitest.Log
	n, list, _ := apitest.StartWithLists(t, func(o *api.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		o.AccessLog = o.Logger
	})
	token := n.Token()
	for _, tt := range []struct {
		err    error
		reason string
	}{
		{&classic.MemberError{Reason: "the list is full"}, "the list is full"},
		{errors.New("write /secret/dir/x: no space left on device"), fault.Internal},
	} {
		list.Fail = tt.err
		for _, cmd := range []string{"add", "delete"} {
			a := n.Get("/server/?" + apitest.Encode("cmd", cmd, "address", "a:1", "pass", "hunter2", "token", token))
			if a.Status != 500 || a.Reason() != tt.reason || !strings.Contains(a.Body, `"Status":500,"Results":"ERROR","Address":"a:1","Data":null}`) {
				t.Errorf("%v: status %d, %q, %s", tt.err, a.Status, a.Reason(), a.Body)
			}
		}
	}
	list.Fail = nil
	for _, cmd := range []string{"add", "add", "delete"} { // the second one changes nothing
		n.Get("/server/?" + apitest.Encode("cmd", cmd, "address", "A:1", "pass", "hunter2", "token", token))
	}
	for _, want := range []string{
		"no space left", `msg="member added" group=owlcache address=a:1 remote=127.0.0.1`, `msg="member deleted" group=owlcache address=a:1 remote=127.0.0.1`, "path=/server/",
	} {
		apitest.Eventually(t, want+" is logged", func() bool { return strings.Contains(log.String(), want) })
	}
	if n := strings.Count(log.String(), "member added"); n != 1 {
		t.Errorf("a member that was there is told %d times", n-1)
	}
	if got := log.String(); strings.Contains(got, "hunter2") || strings.Contains(got, token[:20]) {
		t.Errorf("a secret is in the log: %s", got)
	}
}

func TestServerListOfNoGroup(t *testing.T) {
	n := apitest.Start(t, nil)
	if a := n.Get("/server/?cmd=getall&" + apitest.Encode("token", n.Token())); a.Status != 500 || a.Reason() != fault.ErrNoList.Error() {
		t.Errorf("status %d, %q", a.Status, a.Reason())
	}
	loading := apitest.StartLoading(t, nil)
	loading.Node.Gate.Hold = 0
	token, err := loading.Node.Access.Issue(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/server/?cmd=getall&", "/admin/group?"} {
		if a := loading.Get(path + apitest.Encode("token", string(token))); a.Status != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s while loading: status %d", path, a.Status)
		}
	}
}
