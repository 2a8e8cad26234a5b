package api

import (
	"encoding/json"
	"testing"
	"time"
)

// same fails the test unless the envelope is what encoding/json makes of it.
func same(t *testing.T, e envelope) {
	t.Helper()
	w := wireEnvelope{
		Cmd: string(e.cmd), Status: e.status, Results: resultOf(e.status), Key: string(e.key), Data: e.data, ResponseHost: e.responseHost,
	}
	if e.created != 0 {
		w.KeyCreateTime = time.Unix(0, e.created).UTC()
	}
	want, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.append([]byte("before")); string(got) != "before"+string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEnvelope(t *testing.T) {
	for _, e := range []envelope{
		{},
		{cmd: []byte("set"), key: []byte("hello"), status: 200, data: []byte{}, responseHost: "127.0.0.1:7721", created: 1763808617178873297},
		{cmd: []byte("pass"), status: 200, data: []byte("a.b.c"), responseHost: "[::1]:7721", created: 1763808617000000000},
		{cmd: []byte("exist"), key: []byte("<>&\"\\\b\f\n\r\t\x00\x1f\x7f/é\u2028\u2029\xff\xc3"), status: 404},
		{cmd: []byte("\xed\xa0\x80"), key: []byte("\xf0\x9f\xa6\x89\xf0\x9f"), status: 501, created: 100},
		{status: 401, created: -1}, {status: 500, created: 1763808617100000000},
	} {
		same(t, e)
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	same(t, envelope{cmd: every, key: every, data: every})
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("set"), []byte("hello"), []byte("data"), "127.0.0.1:7721", 200, int64(1763808617178873297))
	f.Add([]byte("<&>"), []byte("\u2028\xff"), []byte(nil), "", 404, int64(0))
	f.Fuzz(func(t *testing.T, cmd, key, data []byte, host string, status int, created int64) {
		same(t, envelope{cmd: cmd, key: key, status: status, data: data, responseHost: host, created: created})
	})
}
