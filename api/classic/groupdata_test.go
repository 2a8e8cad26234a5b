package classic_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/engine"
)

func TestGroupGet(t *testing.T) {
	n, _ := apitest.StartGrouped(t, nil)
	const zero = "0001-01-01 00:00:00 +0000 UTC"
	tests := []struct {
		key, target  string
		status       int
		body, reason string
		created      string
	}{
		{"hello", "", 200, "world", "", "2025-02-21 05:02:35.5876031 +0000 UTC"},
		{"hello", "127.0.0.1:7721", 200, "old\x00\xff", "", "2025-02-20 01:02:03 +0000 UTC"},
		{"hello", "[::1]:7725", 200, "", "", zero},
		{"hello", "127.0.0.1:9999", 404, "", "key not found", zero},
		{"year-3000", "", 200, "far", "", zero},
		{"none", "", 404, "", "key not found", zero},
		{"", "", 500, "", "key is empty", zero},
		{strings.Repeat("k", engine.MaxKeySize+1), "", 500, "", "key is too large", zero},
	}
	for _, tt := range tests {
		form := apitest.Encode("cmd", "get", "key", tt.key, "target", tt.target)
		for _, a := range []apitest.Answer{
			n.Get("/group_data/?" + form), n.Get("/group_data?" + form),
			n.Do(n.Request("POST", "/group_data/", apitest.FormType, form)),
		} {
			if a.Status != tt.status || a.Body != tt.body || a.Reason() != tt.reason {
				t.Errorf("%.20q on %q: status %d, body %q, reason %q", tt.key, tt.target, a.Status, a.Body, a.Reason())
			}
			if got := a.Header.Get("Keycreatetime"); got != tt.created {
				t.Errorf("%.20q on %q: Keycreatetime %q", tt.key, tt.target, got)
			}
			if a.Header.Get("Responsehost") != n.Addr || a.Header.Get("Content-Type") != exchange.TypeRaw {
				t.Errorf("%.20q: %v", tt.key, a.Header)
			}
			if got := a.Header.Get("Key"); got != tt.key[:min(len(tt.key), engine.MaxKeySize)] {
				t.Errorf("%.20q: Key %.20q", tt.key, got)
			}
		}
	}
}

func TestGroupInfo(t *testing.T) {
	n, _ := apitest.StartGrouped(t, nil)
	element := func(address, data, key, created string) string {
		return `{"Address":"` + address + `","Data":"` + data + `","Key":"` + key + `","KeyCreateTime":"` + created + `","Status":200}`
	}
	first := element("127.0.0.1:7723", "d29ybGQ=", "hello", "2025-02-21T13:02:35.5876031+08:00")
	second := element("127.0.0.1:7721", apitest.B64("old\x00\xff"), "hello", "2025-02-20T01:02:03Z")
	third := element("[::1]:7725", "", "hello", "0001-01-01T00:00:00Z")
	for _, tt := range []struct {
		key, target string
		status      int
		body        string
	}{
		{"hello", "", 200, "[" + first + "," + second + "," + third + "]"},
		{"hello", "127.0.0.1:7721", 200, "[" + second + "]"},
		{"hello", "127.0.0.1:1", 404, "[]"},
		{`a "<b>&`, "", 200, "[" + element("127.0.0.1:7723", apitest.B64("odd"), `a \"\u003cb\u003e\u0026`, "2025-02-21T00:00:00.000000001Z") + "]"},
		{"none", "", 404, "[]"},
		{"", "", 500, ""},
	} {
		a := n.Group("cmd", "get", "key", tt.key, "valuedata", "info", "target", tt.target)
		if a.Status != tt.status || a.Body != tt.body {
			t.Errorf("%q on %q: status %d, body\n%s\nwant\n%s", tt.key, tt.target, a.Status, a.Body, tt.body)
		}
		if tt.status != 500 && a.Header.Get("Content-Type") != exchange.TypeJSON {
			t.Errorf("%q: %v", tt.key, a.Header)
		}
	}
}

// TestGroupInfoIsWhatJSONSays compares with encoding/json.
func TestGroupInfoIsWhatJSONSays(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	type element struct {
		Address       string
		Data          []byte
		Key           string
		KeyCreateTime time.Time
		Status        int
	}
	for key, found := range g.Answers {
		want := []element{}
		for _, a := range found {
			want = append(want, element{a.Address, a.Value, key, a.Created, 200})
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if a := n.Group("cmd", "get", "key", key, "valuedata", "info"); a.Body != string(text) {
			t.Errorf("%q:\n%s\nwant\n%s", key, a.Body, text)
		}
	}
}

func TestGroupOtherCommands(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	for _, cmd := range []string{"", "set", "GET", "exist", "delete", "ping", "pass", "group_get"} {
		a := n.Group("cmd", cmd, "key", "hello", "valuedata", "x", "token", n.Token())
		want := `{"Cmd":"` + cmd + `","Status":501,"Results":"UNKNOWN_COMMAND","Key":"hello","Data":null,"ResponseHost":"` + n.Addr +
			`","KeyCreateTime":"0001-01-01T00:00:00Z"}`
		if a.Status != 501 || a.Body != want {
			t.Errorf("%q: status %d, body\n%s\nwant\n%s", cmd, a.Status, a.Body, want)
		}
	}
	if a := n.Cmd("cmd", "group_get", "key", "hello"); a.Status != 501 {
		t.Errorf("%s on /data/: status %d", "group_get", a.Status)
	}
	if g.Asked != 0 || n.Store.Writes() != 0 {
		t.Errorf("%d questions, %d writes", g.Asked, n.Store.Writes())
	}
}

func TestGroupHead(t *testing.T) {
	n, _ := apitest.StartGrouped(t, nil)
	a := n.Do(n.Request("HEAD", "/group_data/?cmd=get&key=hello", "", ""))
	if a.Status != 200 || a.Body != "" || a.Header.Get("Content-Length") != "5" {
		t.Errorf("status %d, body %q, length %q", a.Status, a.Body, a.Header.Get("Content-Length"))
	}
}

// TestGroupBrokenForm: what cannot be read is no question.
func TestGroupBrokenForm(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	if a := n.Get("/group_data/?cmd=get&key=hello%zz"); a.Status != 500 || a.Reason() != "broken percent escape" || g.Asked != 0 {
		t.Errorf("status %d, reason %q", a.Status, a.Reason())
	}
}

func TestNoGroup(t *testing.T) {
	n := apitest.Start(t, nil)
	if a := n.Group("cmd", "get", "key", "k"); a.Status != 503 || a.Reason() == "" {
		t.Errorf("status %d, reason %q", a.Status, a.Reason())
	}
	if a := n.Get("/metrics"); a.Status != 200 || strings.Contains(a.Body, "owlcache_group") {
		t.Errorf("status %d", a.Status)
	}
}

// TestGroupLarge: large answers share the budget of all large answers, and give it back.
func TestGroupLarge(t *testing.T) {
	n, g := apitest.StartGrouped(t, func(o *api.Options) { o.MaxBodyMemory = 6 << 20 })
	n.Node.Answers.Patience = 20 * time.Second
	value := bytes.Repeat([]byte("0123456789abcdef"), 256<<10) // in JSON nearly the whole budget
	g.Answers["big"] = []api.GroupAnswer{{Address: "a:1", Value: value, Created: time.Unix(1, 0).UTC()}}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if i%2 == 0 {
				if a := n.Group("cmd", "get", "key", "big"); a.Status != 200 || a.Body != string(value) {
					t.Errorf("status %d, %d bytes", a.Status, len(a.Body))
				}
				return
			}
			a := n.Group("cmd", "get", "key", "big", "valuedata", "info")
			var info []struct{ Data []byte }
			if err := json.Unmarshal([]byte(a.Body), &info); err != nil || len(info) != 1 || !bytes.Equal(info[0].Data, value) {
				t.Errorf("status %d, %d bytes, %v", a.Status, len(a.Body), err)
			}
		})
	}
	wg.Wait()
	apitest.WantWhole(t, n.Node.Answers)
}
