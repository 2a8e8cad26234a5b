package api

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/metrics"
)

// The certificate is asked for at each handshake, so that a new one takes effect without a restart.
// Only HTTP/1.1 is offered, which is what the server speaks.
func tlsConfig(certificate func() *tls.Certificate) *tls.Config {
	if certificate == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(), nil },
	}
}

// handshake tells whether c can be served. It runs in the connection's own goroutine.
func (s *Server) handshake(c *conn.Conn) bool {
	encrypted, ok := c.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	err := encrypted.SetDeadline(time.Now().Add(s.opts.ReadTimeout))
	if c.Retiring() { // Release has come before the deadline, and has been undone by it
		c.Cut()
		return false
	}
	if err == nil {
		err = encrypted.Handshake()
	}
	if err == nil {
		err = encrypted.SetDeadline(time.Time{})
	}
	if err == nil {
		return true
	}
	defer c.Cut()
	if errors.Is(err, io.EOF) {
		return false // it was only opened, as a probe does
	}
	s.handshakes.Add(1)
	s.opts.Logger.Debug("TLS handshake failed", "remote", c.Peer, "err", err)
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		s.answerPlain(record.Conn)
	}
	return false
}

func looksLikeHTTP(head [5]byte) bool {
	return slices.Contains([]string{"GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH"}, string(head[:]))
}

// answerPlain tells a client that speaks HTTP to use HTTPS, and reads on so that the answer arrives.
func (s *Server) answerPlain(nc net.Conn) {
	if nc.SetDeadline(time.Now().Add(rejectTimeout)) != nil {
		return
	}
	const reason = "this port speaks HTTPS: use https:// in the address"
	_, _ = nc.Write(bareAnswer("400 Bad Request", s.name, reason, "")) // best effort
	(&conn.Conn{Conn: nc}).Drain()
}

// bareAnswer returns an answer to a connection; more are further header lines.
func bareAnswer(status, server, reason, more string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nServer: %s\r\nConnection: close\r\n%s"+
		"Content-Type: text/plain; charset=utf-8\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s\n",
		status, server, more, exchange.HeaderError, reason, len(reason)+1, reason)
}

func (s *Server) tlsCollector() prometheus.Collector {
	f := metrics.Of[*Server]("owlcache_tls_")
	f.Counter("handshake_failures_total", "Connections that ended before they were encrypted.", func(s *Server) uint64 { return s.handshakes.Load() })
	f.Optional("certificate_expiry_seconds", "Time until the certificate of HTTPS expires; negative when it has.", func(s *Server) (float64, bool) {
		cert := s.opts.Certificate()
		if cert == nil || cert.Leaf == nil {
			return 0, false
		}
		return cert.Leaf.NotAfter.Sub(s.node.Now()).Seconds(), true
	})
	return metrics.Collector(func(ch chan<- prometheus.Metric) {
		if s.opts.Certificate != nil {
			f.Send(ch, s)
		}
	}, f)
}
