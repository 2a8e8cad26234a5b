package ask

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/gorilla/websocket"
)

const (
	maxHandshake  = 256 << 10 // bytes that a member may send before the connection is a WebSocket
	socketBuffers = 4 << 10   // bytes that are read and written at once
)

var errHandshakeTooLarge = errors.New("the handshake of the member is too large")

// socketDialer connects to one member. Redirects are not followed, proxies not used.
type socketDialer struct {
	url  string
	opts Options
	tls  *tls.Config
}

func newSocketDialer(address string, o Options) *socketDialer {
	u := url.URL{Scheme: "ws", Host: address, Path: "/ws"}
	if o.TLS != nil {
		u.Scheme = "wss"
	}
	return &socketDialer{url: u.String(), opts: o, tls: tlsFor(address, o.TLS)}
}

// tlsFor returns config, which may be nil, for connections to one address.
func tlsFor(address string, config *tls.Config) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.NextProtos = nil // everything here is HTTP/1.1
	if host, _, err := net.SplitHostPort(address); err == nil {
		config.ServerName = cmp.Or(config.ServerName, host)
	}
	return config
}

// dial connects within Options.RequestTimeout.
func (d *socketDialer) dial(ctx context.Context) (*websocket.Conn, error) {
	var nc *handshakeConn
	stop := func() bool { return true }
	dialer := websocket.Dialer{
		HandshakeTimeout: d.opts.RequestTimeout,
		ReadBufferSize:   socketBuffers,
		WriteBufferSize:  socketBuffers,
		TLSClientConfig:  d.tls,
		NetDialContext: func(dialing context.Context, _, addr string) (net.Conn, error) {
			c, err := d.opts.connect(dialing, addr)
			if err != nil {
				return nil, err
			}
			nc = &handshakeConn{Conn: c, left: maxHandshake}
			// The library does not look at the context any more from here on.
			stop = context.AfterFunc(ctx, func() { _ = c.Close() })
			return nc, nil
		},
	}
	ws, resp, err := dialer.DialContext(ctx, d.url, http.Header{headerImport: {"no"}}) //nolint:bodyclose // the library needs none of it closed
	defer stop()
	switch {
	case ctx.Err() != nil:
		err = ErrGone
	case errors.Is(err, websocket.ErrBadHandshake) && resp != nil && resp.StatusCode == http.StatusServiceUnavailable:
		err = ErrTryLater
	case errors.Is(err, websocket.ErrBadHandshake) && resp != nil:
		err = fmt.Errorf("the member has answered the request for a WebSocket with HTTP status %d, not 101; is its Open_Websocket_Server 1?", resp.StatusCode)
	// The library would take that up, and its limits do not count what comes out.
	case err == nil && len(resp.Header.Values("Sec-Websocket-Extensions")) > 0:
		err = errors.New("the member compresses messages, which nobody has asked for")
	case err == nil:
		nc.done = true
		return ws, nil
	}
	if ws != nil {
		_ = ws.Close() // it is not used
	}
	return nil, err
}

// handshakeConn bounds what is read during the handshake, which the library does not.
type handshakeConn struct {
	net.Conn
	left int
	done bool // the handshake is over
}

func (c *handshakeConn) Read(p []byte) (int, error) {
	if c.done {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, errHandshakeTooLarge
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
