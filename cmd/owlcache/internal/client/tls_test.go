package client

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/e2e"
)

// The owner's certificate is accepted under any name; another one is not, also not one
// for the same name.
func TestExpect(t *testing.T) {
	later := time.Now().Add(time.Hour)
	ownFile, _ := e2e.CertificateFiles(t, "own", later)
	otherFile, _ := e2e.CertificateFiles(t, "other", later)
	leaf := func(file string) *x509.Certificate {
		t.Helper()
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(config.FirstCertificate(data))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var c tls.Config
	expect(&c, ownFile, "somewhere.example")
	if err := c.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf(ownFile)}}); err != nil {
		t.Error(err)
	}
	if err := c.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf(otherFile)}}); err == nil || untrusted("a", err) == nil {
		t.Errorf("another certificate: %v", err)
	}
	for host, ok := range map[string]bool{"127.0.0.1": true, "somewhere.example": false} {
		c = tls.Config{RootCAs: x509.NewCertPool()}
		c.RootCAs.AddCert(leaf(otherFile))
		expect(&c, ownFile, host)
		if err := c.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf(otherFile)}}); (err == nil) != ok {
			t.Errorf("one that is trusted, at %s: %v", host, err)
		}
	}
	c = tls.Config{}
	expect(&c, "none", "somewhere.example")
	if c.InsecureSkipVerify || c.VerifyConnection != nil {
		t.Error("without the file nothing is verified")
	}
}
