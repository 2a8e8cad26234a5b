package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"owlcache/cmd/owlcache/internal/config"
)

// makeCertificate returns a certificate, signed by itself, and its key as PEM.
func makeCertificate(name string, begins, ends time.Time, names ...string) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: begins, NotAfter: ends}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// scriptCertificate makes BASE.crt and BASE.key: certificate BASE DAYS NAME...
func scriptCertificate(ts *testscript.TestScript, _ bool, args []string) {
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	now := time.Now()
	certPEM, keyPEM, err := makeCertificate(args[0], now.AddDate(-1, 0, 0), now.AddDate(0, 0, days).Add(time.Hour), args[2:]...)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".crt"), certPEM, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".key"), keyPEM, 0o600))
}

// certificateFiles makes a certificate for this machine and returns its files.
func certificateFiles(t *testing.T, name string, ends time.Time) (certFile, keyFile string) {
	t.Helper()
	certPEM, keyPEM, err := makeCertificate(name, time.Now().Add(-time.Hour), ends, "127.0.0.1", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	for file, data := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestLoadCertificate(t *testing.T) {
	later := time.Now().Add(time.Hour)
	cert, key := certificateFiles(t, "one", later)
	otherCert, otherKey := certificateFiles(t, "other", later)
	dir := t.TempDir()
	file := func(name string, parts ...string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		var data []byte
		for _, p := range parts {
			if content, err := os.ReadFile(p); err == nil {
				data = append(data, content...)
				continue
			}
			data = append(data, p...)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
	for _, tt := range []struct {
		name, cert, key string
		want            []string // of the error; none: it is good
	}{
		{"good", cert, key, nil},
		{"with that of an issuer", file("chain", cert, otherCert), key, nil},
		{"in one file", file("both", cert, key), file("both2", key, cert), nil},
		{"expired ones are for the clients to refuse", cert, key, nil},
		{"no certificate file", "none.crt", key, []string{"Https_CertFile none.crt: no such file"}},
		{"no files", "none.crt", "none.key", []string{"Https_CertFile none.crt: no such file", "Https_KeyFile none.key: no such file"}},
		{"a directory", dir, key, []string{"Https_CertFile " + dir, "is a directory"}},
		{"empty", file("empty"), key, []string{"empty: it is not a PEM file"}},
		{"no PEM", file("der", "0\x82\x01"), key, []string{"der: it is not a PEM file", "BEGIN CERTIFICATE"}},
		{"a key for a certificate", key, key, []string{"Https_CertFile " + key + ": want a CERTIFICATE, it holds only PRIVATE KEY"}},
		{"a certificate for a key", cert, cert, []string{"Https_KeyFile " + cert + ": want a PRIVATE KEY, it holds only CERTIFICATE"}},
		{"the key of another", cert, otherKey, []string{otherKey, "not the key of the certificate in " + cert}},
		{"issuer first", file("reversed", otherCert, cert), key, []string{"must be the first"}},
		{"encrypted", cert, file("encrypted", encrypted), []string{"encrypted: the key is protected by a passphrase"}},
		{"broken", file("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), key, []string{"Https_CertFile", "broken"}},
	} {
		pair, err := loadCertificate(tt.cert, tt.key)
		if len(tt.want) == 0 && (err != nil || pair.Leaf == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", tt.name, err, want)
			}
		}
	}
}

func TestCertificateWarnings(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name         string
		begins, ends time.Duration
		want         string
	}{
		{"good", -time.Hour, 31 * 24 * time.Hour, ""},
		{"ends soon", -time.Hour, 29*24*time.Hour + time.Hour, "expires in 29 days"},
		{"has ended", -2 * time.Hour, -time.Hour, "has expired"},
		{"begins later", time.Hour, 60 * 24 * time.Hour, "not valid yet"},
	} {
		certPEM, keyPEM, err := makeCertificate("name", now.Add(tt.begins), now.Add(tt.ends), "a.example", "10.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil {
			t.Fatal(err)
		}
		var stderr strings.Builder
		l, err := openLogs(logConfig(t, ""), nil, &stderr)
		if err != nil {
			t.Fatal(err)
		}
		c := &certificate{certFile: "file.crt"}
		c.present.Store(&pair)
		if warned := c.warn(l.Logger, now); warned != (tt.want != "") || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%s: %v, %q", tt.name, warned, stderr.String())
		}
		stderr.Reset()
		c.describe(l.Logger)
		for _, want := range []string{`"subject":"CN=name"`, `"names":"a.example 10.0.0.1"`, `"file":"file.crt"`, `"expires":"2`} {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("%s: no %s in %s", tt.name, want, stderr.String())
			}
		}
	}
}

func TestAnnouncedURL(t *testing.T) {
	for _, tt := range []struct {
		reached, responseHost string
		names                 []string
		want                  string
	}{
		{"127.0.0.1:1", "node.example", nil, "http://127.0.0.1:1"},
		{"127.0.0.1:1", "node.example", []string{"127.0.0.1", "node.example"}, "https://127.0.0.1:1"},
		{"127.0.0.1:1", "node.example", []string{"*.example"}, "https://node.example:1"},
		{"127.0.0.1:1", "127.0.0.1", []string{"localhost"}, "https://localhost:1"},
		{"[::1]:1", "127.0.0.1", []string{"::1"}, "https://[::1]:1"},
		{"[::1]:1", "[::2]", []string{"::2"}, "https://[::2]:1"},
		{"127.0.0.1:1", "127.0.0.1", []string{"other.example"}, "https://127.0.0.1:1"},
	} {
		s := &server{config: *logConfig(t, "ResponseHost "+tt.responseHost)}
		if tt.names != nil {
			certPEM, keyPEM, err := makeCertificate("name", time.Now(), time.Now().Add(time.Hour), tt.names...)
			if err != nil {
				t.Fatal(err)
			}
			pair, err := tls.X509KeyPair(certPEM, keyPEM)
			if err != nil {
				t.Fatal(err)
			}
			s.certificate = &certificate{}
			s.certificate.present.Store(&pair)
		}
		if got := s.url(tt.reached); got != tt.want {
			t.Errorf("%s with %q: %s, want %s", tt.reached, tt.names, got, tt.want)
		}
	}
}

// The owner's certificate is accepted under any name; another one is not, also not one
// for the same name.
func TestExpect(t *testing.T) {
	later := time.Now().Add(time.Hour)
	ownFile, _ := certificateFiles(t, "own", later)
	otherFile, _ := certificateFiles(t, "other", later)
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

// TestReloadTakesUpAChain: a certificate file that only gains the certificate of its issuer
// is taken up.
func TestReloadTakesUpAChain(t *testing.T) {
	cert, key := certificateFiles(t, "one", time.Now().Add(90*24*time.Hour))
	issuer, _ := certificateFiles(t, "issuer", time.Now().Add(90*24*time.Hour))
	loaded, err := loadCertificate(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{logs: &logs{Logger: slog.New(slog.DiscardHandler)}, certificate: &certificate{certFile: cert, keyFile: key}}
	s.certificate.present.Store(loaded)
	var chain []byte
	for _, file := range []string{cert, issuer} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, b...)
	}
	if err := os.WriteFile(cert, chain, 0o600); err != nil {
		t.Fatal(err)
	}
	s.reloadCertificate()
	if n := len(s.certificate.present.Load().Certificate); n != 2 {
		t.Errorf("%d certificates after the reload, want 2", n)
	}
}
