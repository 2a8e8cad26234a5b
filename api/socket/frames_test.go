package socket_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
	"strings"
	"testing"
	"time"
)

// FuzzSocketFrames sends any bytes behind a handshake.
func FuzzSocketFrames(f *testing.F) {
	for _, s := range []string{
		frame(0x81, "get k"), frame(0x82, "get k info t"), frame(0x01, "get") + frame(0x89, "p") + frame(0x80, " k"),
		frame(0x88, ""), frame(0x88, "\x03\xe8bye"), frame(0x8a, ""), "\x81\x05get k", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00x", "GET / HTTP/1.1\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	log := &apitest.Log{}
	n := apitest.StartSockets(f, func(o *api.Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	n.Store.M["k"] = apitest.Entry{Value: []byte("v"), Meta: engine.Meta{Size: 1}}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := net.Dial("tcp", n.Addr)
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
