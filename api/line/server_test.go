package line_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

func TestTCPCommands(t *testing.T) {
	n, addr := apitest.StartLines(t, func(o *api.Options) { o.ResponseHost, o.TCPPort = "cache.example", 7720 })
	l := apitest.DialLines(t, addr)
	const zero = `"KeyCreateTime":"0001-01-01T00:00:00Z"}`
	envelope := func(cmd string, status int, results, key string) string {
		return fmt.Sprintf(`{"Cmd":"%s","Status":%d,"Results":"%s","Key":"%s","Data":null,"ResponseHost":"cache.example:7720",%s`, cmd, status, results, key, zero)
	}
	got := l.Ask("set hello world  of owls ")
	e, _ := n.Store.Entry("hello")
	created := time.Unix(0, e.Meta.Created).UTC().Format(time.RFC3339Nano)
	want := `{"Cmd":"set","Status":200,"Results":"SUCCESS","Key":"hello","Data":"","ResponseHost":"cache.example:7720","KeyCreateTime":"` + created + `"}`
	if got != want || string(e.Value) != "world  of owls " {
		t.Errorf("set\n got %s\nwant %s\nvalue %q", got, want, e.Value)
	}
	for _, tt := range []struct{ line, want string }{
		{"get hello", "world  of owls "},
		{"get hello\r", "world  of owls "},
		{"get hello info", `{"Cmd":"get","Status":200,"Results":"SUCCESS","Key":"hello","Data":"` +
			base64.StdEncoding.EncodeToString([]byte("world  of owls ")) + `","ResponseHost":"cache.example:7720","KeyCreateTime":"` + created + `"}`},
		{"exist hello", envelope("exist", 200, "SUCCESS", "hello")},
		{"expire hello 100", envelope("expire", 200, "SUCCESS", "hello")},
		{"expire hello -1", envelope("expire", 500, "ERROR", "hello")},
		{"expire hello soon", envelope("expire", 500, "ERROR", "hello")},
		{"expire hello", envelope("expire", 500, "ERROR", "hello")},
		{"delete hello", envelope("delete", 200, "SUCCESS", "hello")},
		{"get hello", ""},
		{"get hello info", envelope("get", 404, "NOT_FOUND", "hello")},
		{"exist hello", envelope("exist", 404, "NOT_FOUND", "hello")},
		{"expire hello 1", envelope("expire", 404, "NOT_FOUND", "hello")},
		{"delete hello", envelope("delete", 404, "NOT_FOUND", "hello")},
		{"get ", ""},
		{"get  info", envelope("get", 500, "ERROR", "")},
		{"set  v", envelope("set", 500, "ERROR", "")},
		{"get " + strings.Repeat("k", engine.MaxKeySize+1), ""},
		{"ping", "PONG"},
		{"ping ", "PONG"},
		{"ping hello owl", "hello owl"},
		{"SET A b", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"GET k", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"set", envelope("", 501, "UNKNOWN_COMMAND", "")},
		{"nonsense \x00\xff", envelope("", 501, "UNKNOWN_COMMAND", "")},
	} {
		if got := l.Ask(tt.line); got != tt.want {
			t.Errorf("%.60q\n got %s\nwant %s", tt.line, got, tt.want)
		}
	}
	l.Ask("set empty")
	if got := l.Ask("get empty info"); !strings.Contains(got, `"Data":"",`) {
		t.Errorf("an empty value: %s", got)
	}
}

// TestTCPPipeline: answers come in order, a connection sees its own writes, and writes that
// follow each other are one submission.
func TestTCPPipeline(t *testing.T) {
	n, addr := apitest.StartLines(t, nil)
	l := apitest.DialLines(t, addr)
	const count = 200
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "set k%d v%d\n", i, i)
	}
	fmt.Fprintf(&b, "get k7\ndelete k7\nexpire k7 5\nset  v\nget k7\nset k7 again\nget k7 info\nget k8\nunknown\nset last x\n")
	l.Send(b.String())
	for i := range count {
		if e := (apitest.Answer{Body: l.Line()}).Envelope(t); e.Status != 200 || e.Key != fmt.Sprintf("k%d", i) {
			t.Fatalf("answer %d: %+v", i, e)
		}
	}
	for i, want := range []string{"v7", `"Cmd":"delete","Status":200`, `"Cmd":"expire","Status":404`, `"Cmd":"set","Status":500`, "", `"Cmd":"set","Status":200`, `"Data":"YWdhaW4="`, "v8", `"Status":501`, `"Key":"last"`} {
		if got := l.Line(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("answer %d behind them: %s, want %s", i, got, want)
		}
	}
	if commits := n.Store.CommitCount(); commits > 20 {
		t.Errorf("%d submissions", commits) // a pipeline may arrive in several pieces
	}
}

// TestTCPInPieces: it does not matter how lines are cut into packets.
func TestTCPInPieces(t *testing.T) {
	_, addr := apitest.StartLines(t, nil)
	l := apitest.DialLines(t, addr)
	const text = "set k va lue\r\nget k\nping x\nget k info\n"
	for i := range len(text) {
		l.Send(text[i : i+1])
	}
	for _, want := range []string{`"Status":200`, "va lue", "x", `"Data":"dmEgbHVl"`} {
		if got := l.Line(); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	// The end of a connection is no line end.
	l.Send("set k other")
	if err := l.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest := l.Ended(); rest != "" {
		t.Errorf("a line that was cut off is answered: %q", rest)
	}
	if got := apitest.DialLines(t, addr).Ask("get k"); got != "va lue" {
		t.Errorf("value %q after a line that was cut off", got)
	}
}

// TestTCPAnswersBeforeEnd: what came before the client closed its side is answered.
func TestTCPAnswersBeforeEnd(t *testing.T) {
	_, addr := apitest.StartLines(t, nil)
	l := apitest.DialLines(t, addr)
	l.Send("set k v\nget k\n")
	if err := l.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest := l.Ended(); !strings.HasSuffix(rest, "}\nv\n") {
		t.Errorf("%q", rest)
	}
}

func TestTCPPassword(t *testing.T) {
	n, addr := apitest.StartLinesFrom(t, true, nil)
	l := apitest.DialLines(t, addr)
	for _, line := range []string{"set k v", "delete k", "expire k 1"} {
		e := apitest.Answer{Body: l.Ask(line)}.Envelope(t)
		if e.Status != 401 || e.Results != "NOT_PASS" || e.Key != "k" {
			t.Errorf("%s without a password: %+v", line, e)
		}
	}
	if n.Store.Writes() != 0 {
		t.Error("something was written")
	}
	if got := l.Ask("get k") + l.Ask("ping"); got != "PONG" {
		t.Errorf("reads: %q", got)
	}
	if got := apitest.LineStatus(t, l.Ask("pass wrong")); got != 500 {
		t.Errorf("wrong password: %d", got)
	}
	if got := apitest.LineStatus(t, l.Ask("set k v")); got != 401 {
		t.Errorf("after a wrong password: %d", got)
	}
	if got := l.Ask("pass " + apitest.Password); apitest.LineStatus(t, got) != 200 || strings.Contains(got, apitest.Password) {
		t.Errorf("password: %s", got)
	}
	if got := apitest.LineStatus(t, l.Ask("set k v")); got != 200 {
		t.Errorf("after the password: %d", got)
	}
	if got := apitest.LineStatus(t, apitest.DialLines(t, addr).Ask("set k v")); got != 401 {
		t.Errorf("another connection: %d", got)
	}
}

// TestTCPGuessing: who guesses is shut out, over both protocols, and loses the connection.
func TestTCPGuessing(t *testing.T) {
	n, addr := apitest.StartLinesFrom(t, true, nil)
	l := apitest.DialLines(t, addr)
	for range 10 {
		if got := apitest.LineStatus(t, l.Ask("pass wrong")); got != 500 {
			t.Fatalf("wrong password: %d", got)
		}
	}
	l.Send("pass " + apitest.Password + "\nset k v\n")
	if got := l.Ended(); apitest.LineStatus(t, strings.TrimSpace(got)) != 500 {
		t.Errorf("right password after too many wrong ones: %s", got)
	}
	if a := n.Post("cmd", "pass", "pass", apitest.Password); a.Status != 429 {
		t.Errorf("over HTTP: %d", a.Status)
	}
}

func TestTCPOpenWrites(t *testing.T) {
	_, addr := apitest.StartLinesFrom(t, true, func(o *api.Options) { o.TCPOpenWrites = true })
	if got := apitest.LineStatus(t, apitest.DialLines(t, addr).Ask("set k v")); got != 200 {
		t.Errorf("status %d", got)
	}
}

// TestTCPStoreFails: an answer says what became of each write.
func TestTCPStoreFails(t *testing.T) {
	n, addr := apitest.StartLines(t, nil)
	n.Store.SetFail(engine.ErrNoSpace)
	l := apitest.DialLines(t, addr)
	l.Send("set a 1\nset b 2\nget a\n")
	for range 2 {
		if got := apitest.LineStatus(t, l.Line()); got != 500 {
			t.Errorf("status %d", got)
		}
	}
	if got := l.Line(); got != "" {
		t.Errorf("value %q", got)
	}
}
