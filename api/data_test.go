package api

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"owlcache/engine"
)

func TestUnknownCommand(t *testing.T) {
	n := start(t, nil)
	zero := `,"Data":null,"ResponseHost":"` + n.addr + `","KeyCreateTime":"0001-01-01T00:00:00Z"}`
	for _, tt := range []struct{ query, cmd, key string }{
		{"", "", ""},
		{"?cmd=GET&key=a", "GET", "a"},
		{"?cmd=flush", "flush", ""},
		{"?cmd=unknown", "unknown", ""},
		{"?key=a&valuedata=b", "", "a"},
		{"?cmd=%22%3C%0A", `\"\u003c\n`, ""},
	} {
		for _, path := range []string{"/data", "/data/"} {
			a := n.get(path + tt.query)
			want := fmt.Sprintf(`{"Cmd":"%s","Status":501,"Results":"UNKNOWN_COMMAND","Key":"%s"%s`, tt.cmd, tt.key, zero)
			if a.status != 501 || a.body != want {
				t.Errorf("%s%s: status %d, body\n%s\nwant\n%s", path, tt.query, a.status, a.body, want)
			}
		}
	}
}

func TestMissingToken(t *testing.T) {
	n := start(t, nil)
	for _, cmd := range []string{"set", "expire", "delete"} {
		a := n.cmd("cmd", cmd, "key", "k", "valuedata", "v", "exptime", "1")
		want := `{"Cmd":"` + cmd + `","Status":401,"Results":"NOT_PASS","Key":"k","Data":null,"ResponseHost":"` + n.addr +
			`","KeyCreateTime":"0001-01-01T00:00:00Z"}`
		if a.status != 401 || a.body != want {
			t.Errorf("%s: status %d, %s", cmd, a.status, a.body)
		}
	}
	if n.store.writes() != 0 {
		t.Errorf("%d writes", n.store.writes())
	}
}

func TestEveryMethodIsTaken(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"} {
		n.store.m = map[string]memEntry{}
		form := encode("cmd", "set", "key", "k", "valuedata", method, "token", token)
		for _, req := range []*http.Request{n.request(method, "/data/?"+form, "", ""), n.request(method, "/data/", formType, form)} {
			a := n.do(req)
			if e, _ := n.store.entry("k"); a.status != 200 || string(e.value) != method {
				t.Errorf("%s: status %d, stored %q", method, a.status, e.value)
			}
		}
	}
}

func TestBodyWinsOverQuery(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	form := encode("cmd", "set", "key", "body", "valuedata", "b1", "valuedata", "b2")
	a := n.do(n.request("POST", "/data/?cmd=get&key=query&valuedata=q&token="+token, formType+"; charset=utf-8", form))
	if e, _ := n.store.entry("body"); a.status != 200 || string(e.value) != "b1" {
		t.Errorf("status %d, stored %q", a.status, e.value)
	}
}

// multipartForm returns a form with fields and a file, and its Content-Type.
func multipartForm(t *testing.T, file string, pairs ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		f, err := w.CreateFormFile("valuedata", "picture.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestMultipart(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	for _, value := range []string{"small", "\r\n--\x00\xff+%41", strings.Repeat("x\r\n", 100_000), strings.Repeat("\xff", engine.MaxValueSize)} {
		body, contentType := multipartForm(t, value, "cmd", "set", "key", "k", "other", "ignored", "token", token)
		a := n.do(n.request("POST", "/data/", contentType, body))
		if e, _ := n.store.entry("k"); a.status != 200 || string(e.value) != value {
			t.Errorf("%.20q: status %d %s, stored %.20q", value, a.status, a.reason(), e.value)
		}
	}
}

func TestBrokenForms(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	good, contentType := multipartForm(t, "v", "cmd", "set", "key", "k", "token", token)
	many := strings.Repeat("--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n", maxParts) + "--b--\r\n"
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
		{"escape in the value", "", formType, set + "&valuedata=100%", 500, "broken percent escape"},
		{"escape in the key", "", formType, "cmd=set&valuedata=v&token=" + token + "&key=%zz", 500, "broken percent escape"},
		{"escape in a name", "", formType, set + "&value%4=1", 500, "broken percent escape"},
		{"escape in the query", "?" + set + "&valuedata=%4", "", "", 500, "broken percent escape"},
		{"JSON", "?" + set, "application/json", `{"valuedata":"v"}`, 415, "a request body must be application/x-www-form-urlencoded or multipart/form-data"},
		{"a bare body", "?" + set, "application/octet-stream", "value", 415, "a request body must be application/x-www-form-urlencoded or multipart/form-data"},
	}
	for _, tt := range tests {
		a := n.do(n.request("POST", "/data/"+tt.query, tt.contentType, tt.body))
		if a.status != tt.status || a.reason() != tt.reason {
			t.Errorf("%s: status %d, reason %q", tt.name, a.status, a.reason())
		}
	}
	req := n.request("POST", "/data/", formType, set+"&valuedata=v")
	req.Header.Set("Content-Encoding", "gzip")
	if a := n.do(req); a.status != 415 || a.reason() != "Content-Encoding of requests is not supported" {
		t.Errorf("gzip: status %d, reason %q", a.status, a.reason())
	}
	if n.store.writes() != 0 {
		t.Errorf("%d writes", n.store.writes())
	}
}

func TestHeaderInjection(t *testing.T) {
	n := start(t, nil)
	key := "a\r\nSet-Cookie: x=1\r\n\r\n\x00b\x7f"
	for _, cmd := range []string{"get", "exist", "ping", "nonsense"} {
		a := n.cmd("cmd", cmd, "key", key)
		if got, want := a.header.Get("Key"), "a  Set-Cookie: x=1     b"; got != want {
			t.Errorf("%s: Key %q, want %q", cmd, got, want)
		}
		if a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: the key has made a header", cmd)
		}
		if cmd == "exist" && a.envelope(t).Key != key {
			t.Errorf("envelope Key %q", a.envelope(t).Key)
		}
	}
}

func TestEchoIsBounded(t *testing.T) {
	n := start(t, nil)
	a := n.post("cmd", strings.Repeat("c", 100_000), "key", strings.Repeat("k", 100_000))
	if e := a.envelope(t); a.status != 501 || len(e.Key) != engine.MaxKeySize || len(e.Cmd) != engine.MaxKeySize {
		t.Errorf("status %d, Cmd of %d and Key of %d bytes", a.status, len(e.Cmd), len(e.Key))
	}
}
