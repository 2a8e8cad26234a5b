package envelope

import (
	"encoding/json"
	"testing"
	"time"
)

// same fails the test unless the envelope is what encoding/json makes of it.
func same(t *testing.T, e Envelope) {
	t.Helper()
	w := struct {
		Cmd           string
		Status        int
		Results       string
		Key           string
		Data          []byte
		ResponseHost  string
		KeyCreateTime time.Time
	}{
		Cmd: string(e.Cmd), Status: e.Status, Results: Result(e.Status), Key: string(e.Key), Data: e.Data, ResponseHost: e.ResponseHost,
	}
	if e.Created != 0 {
		w.KeyCreateTime = time.Unix(0, e.Created).UTC()
	}
	want, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Append([]byte("before")); string(got) != "before"+string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEnvelope(t *testing.T) {
	for _, e := range []Envelope{
		{},
		{Cmd: []byte("set"), Key: []byte("hello"), Status: 200, Data: []byte{}, ResponseHost: "127.0.0.1:7721", Created: 1763808617178873297},
		{Cmd: []byte("pass"), Status: 200, Data: []byte("a.b.c"), ResponseHost: "[::1]:7721", Created: 1763808617000000000},
		{Cmd: []byte("exist"), Key: []byte("<>&\"\\\b\f\n\r\t\x00\x1f\x7f/é\u2028\u2029\xff\xc3"), Status: 404},
		{Cmd: []byte("\xed\xa0\x80"), Key: []byte("\xf0\x9f\xa6\x89\xf0\x9f"), Status: 501, Created: 100},
		{Status: 401, Created: -1}, {Status: 500, Created: 1763808617100000000},
	} {
		same(t, e)
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	same(t, Envelope{Cmd: every, Key: every, Data: every})
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("set"), []byte("hello"), []byte("data"), "127.0.0.1:7721", 200, int64(1763808617178873297))
	f.Add([]byte("<&>"), []byte("\u2028\xff"), []byte(nil), "", 404, int64(0))
	f.Fuzz(func(t *testing.T, cmd, key, data []byte, host string, status int, created int64) {
		same(t, Envelope{Cmd: cmd, Key: key, Status: status, Data: data, ResponseHost: host, Created: created})
	})
}
