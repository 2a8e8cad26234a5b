package api

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

func FuzzSocketRequest(f *testing.F) {
	for _, s := range []string{"get k", "get k info", "get k info t", "get", "get ", "get  info  t", "GET k", "set k v", "get \tk\n info\r", "get k info @", "get k x", "get k info t x", "get k  t", "get k info  t", "get k info t "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		q, ok := parseSocketRequest(message)
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
			again, _ := parseSocketRequest([]byte("get " + string(q.key) + " info " + string(q.tag)))
			if !bytes.Equal(again.key, q.key) || !bytes.Equal(again.tag, q.tag) || !again.info {
				t.Fatalf("%q: %+v, then %+v", message, q, again)
			}
		}
	})
}

// FuzzSocketFrames sends any bytes behind a handshake.
func FuzzSocketFrames(f *testing.F) {
	for _, s := range []string{
		frame(0x81, "get k"), frame(0x82, "get k info t"), frame(0x01, "get") + frame(0x89, "p") + frame(0x80, " k"),
		frame(0x88, ""), frame(0x88, "\x03\xe8bye"), frame(0x8a, ""), "\x81\x05get k", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00x", "GET / HTTP/1.1\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	log := &lockedBuffer{}
	n := startSockets(f, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	n.store.m["k"] = memEntry{[]byte("v"), engine.Meta{Size: 1}}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := net.Dial("tcp", n.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(append([]byte(rawHandshake), data...)); err != nil {
			return // closed while it was being sent
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			return
		}
		answer, err := io.ReadAll(c)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("the connection goes on after % x", data)
		}
		if err == nil && !strings.HasPrefix(string(answer), "HTTP/1.1 101 ") {
			t.Fatalf("answered %q", answer)
		}
		if s := log.String(); s != "" {
			t.Fatal(s)
		}
	})
}
