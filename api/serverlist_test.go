package api

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// memList is a list of members in memory.
type memList struct {
	mu      sync.Mutex
	members []string
	changed int
	fail    error // answer of every change
}

func (l *memList) Members() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members
}

func (l *memList) Find(address string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.members, strings.ToLower(address)); i >= 0 {
		return l.members[i], nil
	}
	return "", ErrUnknownMember
}

func (l *memList) Add(address string) (string, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	member := strings.ToLower(address)
	switch {
	case l.fail != nil:
		return "", false, l.fail
	case member == "":
		return "", false, &MemberError{Reason: "the address is empty"}
	}
	l.changed++
	if slices.Contains(l.members, member) {
		return member, false, nil
	}
	l.members = append(slices.Clone(l.members), member)
	return member, true, nil
}

func (l *memList) Remove(address string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	member := strings.ToLower(address)
	i := slices.Index(l.members, member)
	switch {
	case l.fail != nil:
		return "", l.fail
	case i < 0:
		return "", ErrUnknownMember
	}
	l.changed++
	l.members = slices.Delete(slices.Clone(l.members), i, i+1)
	return member, nil
}

func (l *memList) changes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *memList) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = 0
}

// startWithLists starts a server with an empty list for each group.
func startWithLists(t *testing.T, change func(*Options)) (n *node, owlcache, gossip *memList) {
	t.Helper()
	owlcache, gossip = &memList{}, &memList{}
	n = start(t, func(o *Options) {
		o.Owlcache, o.Gossip = owlcache, gossip
		if change != nil {
			change(o)
		}
	})
	return n, owlcache, gossip
}

// The bytes are those that clients know.
func TestServerList(t *testing.T) {
	n, _, _ := startWithLists(t, nil)
	token := n.token()
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
		a := n.get("/server/?" + tt.query + "&" + encode("token", token))
		if a.status != tt.status || a.body != tt.body {
			t.Errorf("%s: status %d, want %d\n got %s\nwant %s", tt.query, a.status, tt.status, a.body, tt.body)
		}
		if a.header.Get("Content-Type") != typeJSON || a.header.Get("Server") != "owlcache 0.6.0" || (a.reason() != "") != (tt.status != 200) {
			t.Errorf("%s: headers %v", tt.query, a.header)
		}
	}
}

func TestServerListWithoutToken(t *testing.T) {
	n, list, _ := startWithLists(t, nil)
	for _, path := range []string{"/server", "/server/"} {
		a := n.do(n.request("POST", path, formType, encode("cmd", "add", "address", "a:1")))
		if a.status != 401 || a.body != `{"Cmd":"add","Status":401,"Results":"NOT_PASS","Address":"a:1","Data":null}` {
			t.Errorf("%s: status %d, %s", path, a.status, a.body)
		}
	}
	if list.changes() != 0 {
		t.Error("the list has changed")
	}
}

func TestServerListWays(t *testing.T) {
	n, list, _ := startWithLists(t, nil)
	token := n.token()
	multipart := "--b\r\nContent-Disposition: form-data; name=\"cmd\"\r\n\r\nadd\r\n--b\r\nContent-Disposition: form-data; name=\"address\"\r\n\r\nc:1\r\n--b--\r\n"
	for name, req := range map[string]*http.Request{
		"query":     n.request("PUT", "/server?"+encode("cmd", "add", "address", "a:1", "token", token), "", ""),
		"form":      n.request("POST", "/server/", formType, encode("cmd", "add", "address", "b:1", "token", token)),
		"multipart": n.request("POST", "/server/?"+encode("token", token), "multipart/form-data; boundary=b", multipart),
	} {
		if a := n.do(req); a.status != 200 {
			t.Errorf("%s: status %d, %s", name, a.status, a.body)
		}
	}
	got := slices.Sorted(slices.Values(list.Members()))
	if !slices.Equal(got, []string{"a:1", "b:1", "c:1"}) {
		t.Errorf("members %q", got)
	}
	if a := n.do(n.request("POST", "/server/?"+encode("token", token), "application/json", "{}")); a.status != 415 {
		t.Errorf("another body: status %d", a.status)
	}
}

// What a list refuses is shown, what goes wrong below it is not. Neither tokens nor
// passwords are logged.
func TestServerListErrors(t *testing.T) {
	var log lockedBuffer
	n, list, _ := startWithLists(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		o.AccessLog = o.Logger
	})
	token := n.token()
	for _, tt := range []struct {
		err    error
		reason string
	}{
		{&MemberError{Reason: "the list is full"}, "the list is full"},
		{errors.New("write /secret/dir/x: no space left on device"), reasonInternal},
	} {
		list.fail = tt.err
		for _, cmd := range []string{"add", "delete"} {
			a := n.get("/server/?" + encode("cmd", cmd, "address", "a:1", "pass", "hunter2", "token", token))
			if a.status != 500 || a.reason() != tt.reason || !strings.Contains(a.body, `"Status":500,"Results":"ERROR","Address":"a:1","Data":null}`) {
				t.Errorf("%v: status %d, %q, %s", tt.err, a.status, a.reason(), a.body)
			}
		}
	}
	list.fail = nil
	for _, cmd := range []string{"add", "add", "delete"} { // the second one changes nothing
		n.get("/server/?" + encode("cmd", cmd, "address", "A:1", "pass", "hunter2", "token", token))
	}
	for _, want := range []string{
		"no space left", `msg="member added" group=owlcache address=a:1 remote=127.0.0.1`, `msg="member deleted" group=owlcache address=a:1 remote=127.0.0.1`, "path=/server/",
	} {
		eventually(t, want+" is logged", func() bool { return strings.Contains(log.String(), want) })
	}
	if n := strings.Count(log.String(), "member added"); n != 1 {
		t.Errorf("a member that was there is told %d times", n-1)
	}
	if got := log.String(); strings.Contains(got, "hunter2") || strings.Contains(got, token[:20]) {
		t.Errorf("a secret is in the log: %s", got)
	}
}

func TestServerListOfNoGroup(t *testing.T) {
	n := start(t, nil)
	if a := n.get("/server/?cmd=getall&" + encode("token", n.token())); a.status != 500 || a.reason() != errNoList.Error() {
		t.Errorf("status %d, %q", a.status, a.reason())
	}
	loading := startLoading(t, nil)
	loading.gate.hold = 0
	token, err := loading.tokens.issue(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/server/?cmd=getall&", "/admin/group?"} {
		if a := loading.get(path + encode("token", string(token))); a.status != 503 || a.header.Get("Retry-After") == "" {
			t.Errorf("%s while loading: status %d", path, a.status)
		}
	}
}
