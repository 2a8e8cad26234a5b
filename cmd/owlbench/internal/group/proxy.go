package group

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// proxy stands in front of a member. It counts the requests and holds back each answer.
type proxy struct {
	addr      string
	delay     time.Duration
	requests  atomic.Int64
	transport http.Transport
	server    http.Server
	cancel    context.CancelFunc // ends what waits
	tasks     sync.WaitGroup
}

func startProxy(upstream string, delay time.Duration) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxy{addr: listener.Addr().String(), delay: delay, cancel: cancel}
	p.server.BaseContext = func(net.Listener) context.Context { return ctx }
	p.server.ReadHeaderTimeout = time.Hour // a member keeps its connections
	p.server.Handler = &httputil.ReverseProxy{
		Transport: p,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: upstream}) },
		// Whoever asks sees the end of his connection.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.tasks.Go(func() { _ = p.server.Serve(listener) }) // always ErrServerClosed
	return p, nil
}

func (p *proxy) close() {
	p.cancel()
	_ = p.server.Close() // nobody is to connect any more
	p.tasks.Wait()
	p.transport.CloseIdleConnections()
}

func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	p.tasks.Add(1)
	defer p.tasks.Done()
	p.requests.Add(1)
	due := time.Now().Add(p.delay)
	resp, err := p.transport.RoundTrip(r)
	load.Pause(r.Context(), time.Until(due))
	return resp, err
}
