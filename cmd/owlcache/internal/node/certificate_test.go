package node

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/term"
)

func TestLoadCertificate(t *testing.T) {
	later := time.Now().Add(time.Hour)
	cert, key := e2e.CertificateFiles(t, "one", later)
	otherCert, otherKey := e2e.CertificateFiles(t, "other", later)
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
		certPEM, keyPEM, err := e2e.Certificate("name", now.Add(tt.begins), now.Add(tt.ends), "a.example", "10.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil {
			t.Fatal(err)
		}
		var stderr strings.Builder
		l, err := logs.Open(parsed(t, ""), nil, &stderr)
		if err != nil {
			t.Fatal(err)
		}
		c := &certificate{certFile: "file.crt"}
		c.present.Store(&pair)
		if warned := c.warn(l.Logger, now); warned != (tt.want != "") || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%s: %v, %q", tt.name, warned, stderr.String())
		}
		stderr.Reset()
		c.use(&pair, l.Logger)
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
		s := &Server{config: parsed(t, "ResponseHost "+tt.responseHost)}
		if tt.names != nil {
			certPEM, keyPEM, err := e2e.Certificate("name", time.Now(), time.Now().Add(time.Hour), tt.names...)
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

// TestReloadTakesUpAChain: a certificate file that only gains the certificate of its issuer
// is taken up.
func TestReloadTakesUpAChain(t *testing.T) {
	cert, key := e2e.CertificateFiles(t, "one", time.Now().Add(90*24*time.Hour))
	issuer, _ := e2e.CertificateFiles(t, "issuer", time.Now().Add(90*24*time.Hour))
	loaded, err := loadCertificate(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{logs: &logs.Logs{Logger: slog.New(slog.DiscardHandler)}, certificate: &certificate{certFile: cert, keyFile: key}}
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

// A file of authorities that cannot be used is a mistake of the configuration.
func TestMemberRoots(t *testing.T) {
	cert, key := e2e.CertificateFiles(t, "node", time.Now().Add(time.Hour))
	for file, want := range map[string]string{"none.crt": "HttpsClient_CACertFile none.crt: no such file", key: "want a CERTIFICATE", cert: ""} {
		roots, err := parsed(t, "HttpsClient_CACertFile "+file).HTTPS.ClientTLS()
		if want == "" {
			if err != nil || roots.RootCAs == nil {
				t.Errorf("%s: %v", file, err)
			}
			continue
		}
		var stderr strings.Builder
		if term.Finish(&stderr, err) != term.CodeUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if system, err := parsed(t, "").HTTPS.ClientTLS(); system.RootCAs != nil || err != nil {
		t.Errorf("%v, %v", system, err)
	}
}
