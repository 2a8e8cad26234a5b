package line_test

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/conn"
	"regexp"
	"testing"
	"time"
)

// FuzzTCPSession: what is answered does not depend on how lines come in packets. Each input
// is served once line by line and once in pieces of some size, over a store of its own.
func FuzzTCPSession(f *testing.F) {
	f.Add([]byte("set k v\nget k\nget k info\nexpire k 10\ndelete k\nget k\nexist k\nping\nping x\n"), 3)
	f.Add([]byte("set a 1\nset b 2\nset a 3\nget a\nset  x\nset c\nget c info\nSET d e\n\n\r\n"), 1000)
	f.Add([]byte("set a 1\nPOST / HTTP/1.1\nset b 2\n"), 7)
	f.Add([]byte("pass wrong\npass "+apitest.Password+"\nset a b\n"), 1)
	f.Add(append(append([]byte("set long "), bytes.Repeat([]byte("x"), 70_000)...), "\nget long\n"...), 30_000)
	f.Fuzz(func(t *testing.T, input []byte, size int) {
		if len(input) > 1<<20 || bytes.Contains(input, []byte("expire")) && bytes.Contains(input, []byte(".")) {
			t.Skip() // what expires within the test
		}
		var lines [][]byte
		for line := range bytes.Lines(input) {
			lines = append(lines, line)
		}
		var pieces [][]byte
		for rest := input; len(rest) > 0; {
			n := min(max(size, 1+len(input)/1000), len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		one, other := fuzzSession(t, lines), fuzzSession(t, pieces)
		if !bytes.Equal(one, other) {
			t.Errorf("line by line %q\nin pieces    %q", one, other)
		}
	})
}

var anyTime = regexp.MustCompile(`"KeyCreateTime":"2[^"]*"`)

// fuzzSession sends pieces over a connection of its own and returns what is answered,
// without the times.
func fuzzSession(t *testing.T, pieces [][]byte) []byte {
	s, err := api.New(api.Options{Password: apitest.Password, TokenSecret: apitest.Secret(), MaxValueSize: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	s.Ready(apitest.NewMemStore())
	here, there := net.Pipe()
	c := conn.New(there, "node:1", 30*time.Second, time.Second)
	c.Peer = netip.MustParseAddr("127.0.0.1")
	lines := s.Parts().Line
	if lines.Conns.Add(c) != conn.Admitted {
		t.Fatal("not admitted")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = lines.Serve(c) // it ends when the pipe is closed
	}()
	answered := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(here) // the pipe is closed
		answered <- b
	}()
	_ = here.SetWriteDeadline(time.Now().Add(10 * time.Second))
	for _, p := range pieces {
		if _, err := here.Write(p); err != nil {
			break // the server has had enough
		}
	}
	_ = s.Shutdown(t.Context())
	<-done
	_ = here.Close()
	return anyTime.ReplaceAll(<-answered, nil)
}
