package group

import (
	"bufio"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// maxProxyHead bounds a request, in bytes: it has no body.
const maxProxyHead = 64 << 10

// proxy stands in front of a member. It counts the requests and holds back each
// answer for a while. On a connection there is one request at a time.
type proxy struct {
	requests atomic.Int64
	upstream string
	delay    time.Duration
	listener net.Listener
	ctx      context.Context // ends with close
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
}

func startProxy(upstream string, delay time.Duration) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{upstream: upstream, delay: delay, listener: listener}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.tasks.Go(p.accept)
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// close ends all connections and waits for their end.
func (p *proxy) close() {
	p.cancel()
	_ = p.listener.Close() // nobody is to connect any more
	p.tasks.Wait()
}

func (p *proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // it is closed
		}
		p.tasks.Go(func() {
			defer conn.Close() //nolint:errcheck // nothing is lost with it
			p.serve(conn)
		})
	}
}

// serve passes requests on until one side has had enough: an error of either ends the
// connection, which the other side sees.
func (p *proxy) serve(conn net.Conn) {
	up, err := load.Dial(p.ctx, p.upstream, load.ParseHTTP)
	if err != nil {
		return
	}
	defer up.Close()
	stop := context.AfterFunc(p.ctx, func() { // what is being waited for shall end
		_ = conn.Close() // nothing is lost with it
		up.Close()
	})
	defer stop()
	in := bufio.NewReaderSize(conn, 4<<10)
	var request []byte
	for {
		if request, err = readRequest(in, request[:0]); err != nil {
			return
		}
		p.requests.Add(1)
		started := time.Now()
		if _, err := up.Do(request, 10*time.Second); err != nil {
			return
		}
		if !p.wait(p.delay - time.Since(started)) {
			return
		}
		if _, err := conn.Write(up.In); err != nil { // all that was received is the answer
			return
		}
	}
}

// wait waits for d, and returns false if the proxy is closed before.
func (p *proxy) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// readRequest appends the next request, which has no body, to dst.
func readRequest(in *bufio.Reader, dst []byte) ([]byte, error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		dst = append(dst, line...)
		if len(dst) > maxProxyHead {
			return nil, bufio.ErrBufferFull
		}
		if len(line) <= len("\r\n") {
			return dst, nil
		}
	}
}
