package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// certificateNotice is how long before its end a certificate is warned of.
const certificateNotice = 30 * 24 * time.Hour

// certificate is what the node proves itself with over HTTPS.
type certificate struct {
	certFile, keyFile string
	present           atomic.Pointer[tls.Certificate]
}

// openCertificate reads the certificate, if HTTPS is on. The operator corrects mistakes in files.
func (s *Server) openCertificate(context.Context) error {
	if !s.config.HTTPS.On {
		return nil
	}
	c := &certificate{certFile: s.config.HTTPS.CertFile, keyFile: s.config.HTTPS.KeyFile}
	loaded, err := loadCertificate(c.certFile, c.keyFile)
	if err != nil {
		return term.Usage(err)
	}
	if info, err := os.Stat(c.keyFile); err == nil && info.Mode().Perm()&0o004 != 0 {
		s.logs.Warn("every user of this machine can read the key of HTTPS: take that right away, as with chmod o-r", "file", c.keyFile)
	}
	s.certificate = c
	c.use(loaded, s.logs.Logger)
	return nil
}

// reloadCertificate takes up a new certificate, if it can be used, for the connections to come.
func (s *Server) reloadCertificate() {
	c := s.certificate
	if c == nil {
		return
	}
	loaded, err := loadCertificate(c.certFile, c.keyFile)
	if err != nil {
		s.logs.Error("the certificate of HTTPS cannot be taken up: the one before stays in use", "error", err)
		return
	}
	if slices.EqualFunc(loaded.Certificate, c.present.Load().Certificate, bytes.Equal) {
		return
	}
	c.use(loaded, s.logs.Logger)
}

func (s *Server) checkCertificate(now time.Time) {
	if !s.certificate.warn(s.logs.Logger, now) {
		s.taskLog.Debug("certificate of HTTPS is in order", "expires", s.certificate.expires())
	}
}

// use takes up a certificate for the connections to come and says what it is.
func (c *certificate) use(loaded *tls.Certificate, logger *slog.Logger) {
	c.present.Store(loaded)
	leaf := loaded.Leaf
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	logger.Info("certificate of HTTPS", "subject", leaf.Subject.String(), "names", strings.Join(names, " "),
		"issuer", leaf.Issuer.String(), "expires", c.expires(), "file", c.certFile)
	c.warn(logger, time.Now())
}

// warn logs that the certificate is not valid or ends soon, and tells whether it did.
func (c *certificate) warn(logger *slog.Logger, now time.Time) bool {
	leaf := c.present.Load().Leaf
	var what string
	switch left := leaf.NotAfter.Sub(now); {
	case left <= 0:
		what = "the certificate of HTTPS has expired: clients refuse it"
	case now.Before(leaf.NotBefore):
		what = "the certificate of HTTPS is not valid yet: clients refuse it; is the clock right?"
	case left < certificateNotice:
		what = fmt.Sprintf("the certificate of HTTPS expires in %d days", left/(24*time.Hour))
	default:
		return false
	}
	logger.Warn(what+": put a new one in its place and send SIGHUP", "valid_from", leaf.NotBefore.UTC().Format(time.RFC3339), "expires", c.expires(), "file", c.certFile)
	return true
}

func (c *certificate) expires() string {
	return c.present.Load().Leaf.NotAfter.UTC().Format(time.RFC3339)
}

// loadCertificate reads a certificate, perhaps followed by those of its issuers, and its
// key. The error names the option and the file, and holds nothing of the key.
func loadCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	certPEM, certErr := config.ReadPEM("Https_CertFile", certFile, "CERTIFICATE")
	keyPEM, keyErr := config.ReadPEM("Https_KeyFile", keyFile, "PRIVATE KEY")
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	switch {
	case err != nil && strings.Contains(err.Error(), "does not match"):
		return nil, fmt.Errorf("Https_KeyFile %s: it is not the key of the certificate in %s; the node's own certificate must be the first in that file", keyFile, certFile)
	case err != nil:
		return nil, fmt.Errorf("Https_CertFile %s with Https_KeyFile %s: %w", certFile, keyFile, err)
	}
	return &pair, nil
}

// curl returns the command for the node: a certificate that is signed by itself must be named.
func (s *Server) curl(flags string) string {
	if s.certificate != nil {
		if leaf := s.certificate.present.Load().Leaf; bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
			flags += " --cacert " + s.certificate.certFile
		}
	}
	return "curl " + flags
}

// url returns where a client on this machine reaches the node: over HTTPS, under a name
// of the certificate, if one of those that stand for this machine is.
func (s *Server) url(reached string) string {
	if s.certificate == nil {
		return "http://" + reached
	}
	leaf := s.certificate.present.Load().Leaf
	name, port, err := net.SplitHostPort(reached)
	if err != nil || leaf.VerifyHostname(name) == nil {
		return "https://" + reached
	}
	for _, other := range []string{s.config.Listen.ResponseHost, "localhost"} {
		if leaf.VerifyHostname(other) == nil {
			return "https://" + net.JoinHostPort(other, port)
		}
	}
	return "https://" + reached
}
