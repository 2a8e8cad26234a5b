package apitest

import (
	"errors"
	"net"
)

type foreignListener struct{ net.Listener }

func (l foreignListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return foreignConn{c}, nil
}

type foreignConn struct{ net.Conn }

func (foreignConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}
}

// ServeForeign lets n listen on a port more, where every client is foreign, which
// replaces the first for the requests of the test.
func (n *Node) ServeForeign() {
	n.T.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.T.Fatal(err)
	}
	n.Addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- n.Serve(foreignListener{ln}) }()
	n.T.Cleanup(func() {
		_ = ln.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
			n.T.Errorf("Serve: %v", err)
		}
	})
}
