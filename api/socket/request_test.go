package socket

import (
	"bytes"
	"testing"
)

func FuzzSocketRequest(f *testing.F) {
	for _, s := range []string{"get k", "get k info", "get k info t", "get", "get ", "get  info  t", "GET k", "set k v", "get \tk\n info\r", "get k info @", "get k x", "get k info t x", "get k  t", "get k info  t", "get k info t "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		q, ok := parse(message)
		if ok && !bytes.HasPrefix(message, []byte("get ")) || !ok && len(q.key)+len(q.tag) > 0 {
			t.Fatalf("%q: %v, %+v", message, ok, q)
		}
		for _, word := range [][]byte{q.key, q.tag} {
			if bytes.IndexByte(word, ' ') >= 0 || len(bytes.TrimSpace(word)) != len(word) {
				t.Fatalf("%q has the word %q", message, word)
			}
		}
		if len(q.tag) > 0 && !q.info {
			t.Fatalf("%q has a tag and no info", message)
		}
		// Every word is one of them, or the message is not understood.
		want := append([]byte("get"), q.key...)
		if q.info {
			want = append(append(want, "info"...), q.tag...)
		}
		if got := bytes.Join(bytes.Fields(message), nil); ok && !bytes.Equal(got, bytes.Join(bytes.Fields(want), nil)) {
			t.Fatalf("%q is understood as %q", message, want)
		}
		// What was understood can be said again.
		if ok && len(q.key) > 0 && q.info && len(q.tag) > 0 {
			again, _ := parse([]byte("get " + string(q.key) + " info " + string(q.tag)))
			if !bytes.Equal(again.key, q.key) || !bytes.Equal(again.tag, q.tag) || !again.info {
				t.Fatalf("%q: %+v, then %+v", message, q, again)
			}
		}
	})
}
