package classic_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

func TestUnknownCommand(t *testing.T) {
	n := apitest.Start(t, nil)
	zero := `,"Data":null,"ResponseHost":"` + n.Addr + `","KeyCreateTime":"0001-01-01T00:00:00Z"}`
	for _, tt := range []struct{ query, cmd, key string }{
		{"", "", ""},
		{"?cmd=GET&key=a", "GET", "a"},
		{"?cmd=flush", "flush", ""},
		{"?cmd=unknown", "unknown", ""},
		{"?key=a&valuedata=b", "", "a"},
		{"?cmd=%22%3C%0A", `\"\u003c\n`, ""},
	} {
		for _, path := range []string{"/data", "/data/"} {
			a := n.Get(path + tt.query)
			want := fmt.Sprintf(`{"Cmd":"%s","Status":501,"Results":"UNKNOWN_COMMAND","Key":"%s"%s`, tt.cmd, tt.key, zero)
			if a.Status != 501 || a.Body != want {
				t.Errorf("%s%s: status %d, body\n%s\nwant\n%s", path, tt.query, a.Status, a.Body, want)
			}
		}
	}
}

func TestMissingToken(t *testing.T) {
	n := apitest.Start(t, nil)
	for _, cmd := range []string{"set", "expire", "delete"} {
		a := n.Cmd("cmd", cmd, "key", "k", "valuedata", "v", "exptime", "1")
		want := `{"Cmd":"` + cmd + `","Status":401,"Results":"NOT_PASS","Key":"k","Data":null,"ResponseHost":"` + n.Addr +
			`","KeyCreateTime":"0001-01-01T00:00:00Z"}`
		if a.Status != 401 || a.Body != want {
			t.Errorf("%s: status %d, %s", cmd, a.Status, a.Body)
		}
	}
	if n.Store.Writes() != 0 {
		t.Errorf("%d writes", n.Store.Writes())
	}
}

func TestEveryMethodIsTaken(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"} {
		n.Store.M = map[string]apitest.Entry{}
		form := apitest.Encode("cmd", "set", "key", "k", "valuedata", method, "token", token)
		for _, req := range []*http.Request{n.Request(method, "/data/?"+form, "", ""), n.Request(method, "/data/", apitest.FormType, form)} {
			a := n.Do(req)
			if e, _ := n.Store.Entry("k"); a.Status != 200 || string(e.Value) != method {
				t.Errorf("%s: status %d, stored %q", method, a.Status, e.Value)
			}
		}
	}
}

func TestBodyWinsOverQuery(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	form := apitest.Encode("cmd", "set", "key", "body", "valuedata", "b1", "valuedata", "b2")
	a := n.Do(n.Request("POST", "/data/?cmd=get&key=query&valuedata=q&token="+token, apitest.FormType+"; charset=utf-8", form))
	if e, _ := n.Store.Entry("body"); a.Status != 200 || string(e.Value) != "b1" {
		t.Errorf("status %d, stored %q", a.Status, e.Value)
	}
}

func TestMultipart(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	for _, value := range []string{"small", "\r\n--\x00\xff+%41", strings.Repeat("x\r\n", 100_000), strings.Repeat("\xff", engine.MaxValueSize)} {
		body, contentType := apitest.MultipartForm(t, value, "cmd", "set", "key", "k", "other", "ignored", "token", token)
		a := n.Do(n.Request("POST", "/data/", contentType, body))
		if e, _ := n.Store.Entry("k"); a.Status != 200 || string(e.Value) != value {
			t.Errorf("%.20q: status %d %s, stored %.20q", value, a.Status, a.Reason(), e.Value)
		}
	}
}

func TestBrokenForms(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	good, contentType := apitest.MultipartForm(t, "v", "cmd", "set", "key", "k", "token", token)
	many := strings.Repeat("--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n", 256) + "--b--\r\n"
	set := "cmd=set&key=k&token=" + token
	tests := []struct {
		name, query, contentType, body string
		status                         int
		reason                         string
	}{
		{"multipart cut off", "?" + set, contentType, good[:len(good)-10], 500, "broken multipart form"},
		{"multipart without boundary", "?" + set, "multipart/form-data", good, 500, "broken multipart form"},
		{"multipart with another boundary", "?" + set, "multipart/form-data; boundary=zzz", good, 500, "broken multipart form"},
		{"multipart with too many parts", "?" + set, "multipart/form-data; boundary=b", many, 500, "broken multipart form"},
		{"multipart of garbage", "?" + set, "multipart/form-data; boundary=b", "\x00\x01", 500, "broken multipart form"},
		{"escape in the value", "", apitest.FormType, set + "&valuedata=100%", 500, "broken percent escape"},
		{"escape in the key", "", apitest.FormType, "cmd=set&valuedata=v&token=" + token + "&key=%zz", 500, "broken percent escape"},
		{"escape in a name", "", apitest.FormType, set + "&value%4=1", 500, "broken percent escape"},
		{"escape in the query", "?" + set + "&valuedata=%4", "", "", 500, "broken percent escape"},
		{"JSON", "?" + set, "application/json", `{"valuedata":"v"}`, 415, "a request body must be application/x-www-form-urlencoded or multipart/form-data"},
		{"a bare body", "?" + set, "application/octet-stream", "value", 415, "a request body must be application/x-www-form-urlencoded or multipart/form-data"},
	}
	for _, tt := range tests {
		a := n.Do(n.Request("POST", "/data/"+tt.query, tt.contentType, tt.body))
		if a.Status != tt.status || a.Reason() != tt.reason {
			t.Errorf("%s: status %d, reason %q", tt.name, a.Status, a.Reason())
		}
	}
	req := n.Request("POST", "/data/", apitest.FormType, set+"&valuedata=v")
	req.Header.Set("Content-Encoding", "gzip")
	if a := n.Do(req); a.Status != 415 || a.Reason() != "Content-Encoding of requests is not supported" {
		t.Errorf("gzip: status %d, reason %q", a.Status, a.Reason())
	}
	if n.Store.Writes() != 0 {
		t.Errorf("%d writes", n.Store.Writes())
	}
}

func TestHeaderInjection(t *testing.T) {
	n := apitest.Start(t, nil)
	key := "a\r\nSet-Cookie: x=1\r\n\r\n\x00b\x7f"
	for _, cmd := range []string{"get", "exist", "ping", "nonsense"} {
		a := n.Cmd("cmd", cmd, "key", key)
		if got, want := a.Header.Get("Key"), "a  Set-Cookie: x=1     b"; got != want {
			t.Errorf("%s: Key %q, want %q", cmd, got, want)
		}
		if a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: the key has made a header", cmd)
		}
		if cmd == "exist" && a.Envelope(t).Key != key {
			t.Errorf("envelope Key %q", a.Envelope(t).Key)
		}
	}
}

func TestEchoIsBounded(t *testing.T) {
	n := apitest.Start(t, nil)
	a := n.Post("cmd", strings.Repeat("c", 100_000), "key", strings.Repeat("k", 100_000))
	if e := a.Envelope(t); a.Status != 501 || len(e.Key) != engine.MaxKeySize || len(e.Cmd) != engine.MaxKeySize {
		t.Errorf("status %d, Cmd of %d and Key of %d bytes", a.Status, len(e.Cmd), len(e.Key))
	}
}
