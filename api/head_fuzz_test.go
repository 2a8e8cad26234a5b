package api

import (
	"bufio"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func FuzzInspectHead(f *testing.F) {
	f.Add([]byte("Host: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"))
	f.Add([]byte("Host: x\r\nTransfer-Encoding: chunked\r\nX: y\r\n z: 1\r\n\r\n"))
	f.Add([]byte(":\r\n\r\n"))
	s, err := New(Options{Password: "right", TokenSecret: make([]byte, minTokenSecret)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, headers []byte) {
		var h fasthttp.RequestHeader
		if h.Read(bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\n"+string(headers)))) != nil {
			return
		}
		refusal, _ := s.inspectHead(&h)
		s.takeHead(&h)
		again, _ := s.inspectHead(&h)
		if (again == nil) != (refusal == nil) || again != nil && *again != *refusal {
			t.Fatalf("%+v, the second time %+v", refusal, again)
		}
		if refusal != nil && refusal.Status < 400 {
			t.Fatalf("answered %d", refusal.Status)
		}
	})
}
