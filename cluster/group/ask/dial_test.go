package ask

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/asktest"
)

// rawListener serves each connection with a function.
func rawListener(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// TestHandshakesThatFail: the error says why, and comes at once from then on.
func TestHandshakesThatFail(t *testing.T) {
	handler := func(h http.HandlerFunc) func(*testing.T) string {
		return func(t *testing.T) string {
			s := httptest.NewServer(h)
			t.Cleanup(s.Close)
			return s.Listener.Addr().String()
		}
	}
	raw := func(serve func(net.Conn)) func(*testing.T) string {
		return func(t *testing.T) string { return rawListener(t, serve) }
	}
	for _, tt := range []struct {
		name string
		peer func(*testing.T) string
		want string
	}{
		{"no such path", handler(http.NotFound), "status 404"},
		{"redirect", handler(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/ws", http.StatusFound)
		}), "status 302"},
		{"page", handler(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }), "status 200"},
		{"hangs up", raw(func(net.Conn) {}), ""},
		{"other protocol", raw(func(c net.Conn) { _, _ = io.WriteString(c, "Owlcache TCP Link Success...\n") }), "malformed"},
		{"wrong accept", raw(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n")
		}), "status 101"},
		{"endless header", raw(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n")
			for line := "X: " + strings.Repeat("x", 4000) + "\r\n"; ; {
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
			}
		}), errHandshakeTooLarge.Error()},
		{"compression", handler(func(w http.ResponseWriter, r *http.Request) {
			up := websocket.Upgrader{EnableCompression: true}
			r.Header.Set("Sec-Websocket-Extensions", "permessage-deflate") // as if it had been asked for
			if ws, err := up.Upgrade(w, r, nil); err == nil {
				_ = ws.Close()
			}
		}), "compresses"},
		{"silent", raw(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), "timeout"},
		{"nobody there", func(t *testing.T) string {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = ln.Close() }()
			return ln.Addr().String()
		}, "refused"},
		{"address that is none", func(*testing.T) string { return "127.0.0.1:nope" }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := NewWebSocket(tt.peer(t), socketOptions(t, func(o *Options) {
				o.MinReconnect = time.Hour
				if tt.name == "silent" {
					o.RequestTimeout = 100 * time.Millisecond
				}
			}))
			defer a.Close()
			for range 2 {
				_, err := a.Ask(asktest.Within(t, time.Minute), []byte("k"))
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "there is no connection") {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// TestCloseDuringHandshake: with a member that says nothing.
func TestCloseDuringHandshake(t *testing.T) {
	connected := make(chan struct{}, 1)
	address := rawListener(t, func(c net.Conn) {
		connected <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	})
	a := NewWebSocket(address, socketOptions(t, func(o *Options) { o.RequestTimeout = time.Hour }))
	<-connected
	if _, err := a.Ask(asktest.Within(t, 10*time.Millisecond), []byte("k")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("meanwhile: %v", err)
	}
	a.Close() // would take an hour
	if _, err := a.Ask(context.Background(), []byte("k")); !errors.Is(err, ErrGone) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestSocketOverTLS(t *testing.T) {
	p := asktest.NewPeer(t, asktest.Socket{"k": {Value: "v", Created: time.Unix(1, 0)}}.Serve)
	p.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	p.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	for _, tt := range []struct {
		name string
		tls  *tls.Config
		want string
	}{
		{"good", &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}, ""},
		{"any certificate", &tls.Config{InsecureSkipVerify: true}, ""}, //nolint:gosec // what the option is for
		{"unknown authority", &tls.Config{}, "certificate"},
		{"other name", &tls.Config{RootCAs: roots, ServerName: "other.example.org"}, "certificate"},
		{"no TLS", nil, "status 400"},
	} {
		a := NewWebSocket(p.Address, socketOptions(t, func(o *Options) { o.TLS, o.MinReconnect = tt.tls, time.Hour }))
		r, err := a.Ask(asktest.Within(t, time.Minute), []byte("k"))
		switch {
		case tt.want == "" && (err != nil || string(r.Value) != "v"):
			t.Errorf("%s: %q, %v", tt.name, r.Value, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v", tt.name, err)
		}
		a.Close()
	}
}

// TestHandshakeAsksForNoImports: a member is asked for what it has itself.
func TestHandshakeAsksForNoImports(t *testing.T) {
	asked := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Owlcache-Import")
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(s.Close)
	d := newSocketDialer(s.Listener.Addr().String(), socketOptions(t, nil))
	if _, err := d.dial(t.Context()); err == nil {
		t.Error("404 is no WebSocket")
	}
	if got := <-asked; got != "no" {
		t.Errorf("Owlcache-Import: %q", got)
	}
}
