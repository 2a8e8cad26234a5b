package client

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/pflag"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// TLSFlags say how a client verifies the certificate of a node.
type TLSFlags struct {
	caFile   string
	insecure bool
}

// Register adds the flags; when is put before their description.
func (f *TLSFlags) Register(set *pflag.FlagSet, when string) {
	set.StringVar(&f.caFile, "cacert", "", when+"`file` of certificates (PEM) that the node's HTTPS is verified against, instead of those of the system (default "+config.EnvCACert+")")
	set.BoolVar(&f.insecure, "insecure", false, when+"do not verify the node's HTTPS: whoever is in between can read and change everything")
}

// secure lets c verify nodes as the flags say. own is the certificate file of the node if
// that is the one of the configuration, which is then known to be its own; "" otherwise.
func (f *TLSFlags) secure(c *Client, own string, env []string) error {
	t := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: f.insecure}
	file, origin := f.caFile, "flag --cacert"
	if file == "" {
		file, origin = config.LookupEnv(env, config.EnvCACert), config.EnvCACert
	}
	switch {
	case f.insecure && f.caFile != "":
		return term.Usage(errors.New("--cacert and --insecure: verify the node, or not"))
	case f.insecure:
	case file != "":
		t.RootCAs = x509.NewCertPool()
		if err := config.AddCertificates(t.RootCAs, origin, file); err != nil {
			return err
		}
	case own != "":
		expect(t, own, c.base.Hostname())
	}
	if transport, ok := c.http.Transport.(*http.Transport); ok {
		transport.TLSClientConfig = t
	}
	return nil
}

// expect lets t accept the certificate in a file, whatever name it is for: a node on this
// machine is often reached under another. All others are verified as usual.
func expect(t *tls.Config, file, host string) {
	certPEM, err := config.ReadPEM("Https_CertFile", file, "CERTIFICATE")
	if err != nil {
		return // then it has to be verified
	}
	own := config.FirstCertificate(certPEM)
	t.InsecureSkipVerify = true // the function below verifies
	t.VerifyConnection = func(state tls.ConnectionState) error {
		leaf := state.PeerCertificates[0]
		if bytes.Equal(leaf.Raw, own) {
			return nil
		}
		o := x509.VerifyOptions{DNSName: host, Roots: t.RootCAs, Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			o.Intermediates.AddCert(c)
		}
		if _, err := leaf.Verify(o); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		return nil
	}
}

// untrusted returns what to say of a node whose certificate does not hold, nil if err is
// about something else.
func untrusted(addr string, err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		return nil
	}
	return fmt.Errorf("%s is not to be trusted: %w; --cacert names the certificate of its authority", addr, err)
}
