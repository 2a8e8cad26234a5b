package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"owlcache/api/access"
	"owlcache/cmd/owlcache/internal/term"
)

// HTTPS is TLS in both directions, and which web pages may read answers.
type HTTPS struct {
	On                bool
	CertFile, KeyFile string

	ClientInsecure bool // of connections to other nodes and to origins of the URL cache
	ClientCAFile   string

	CORS    bool
	Origins []string // that CORS allows
}

func (h *HTTPS) options() []Option {
	return []Option{
		{Name: "Open_Https", Default: "0", kind: toggle(&h.On), Help: "1 lets the HTTP port speak HTTPS, and nothing else"},
		{Name: "Https_CertFile", kind: text(&h.CertFile), Help: "PEM file of the certificate, followed by those of its issuers"},
		{Name: "Https_KeyFile", kind: text(&h.KeyFile), Help: "PEM file of its key"},
		{Name: "HttpsClient_InsecureSkipVerify", Default: "0", kind: toggle(&h.ClientInsecure), Help: "1 accepts any certificate of another node, or of an origin of the URL cache"},
		{Name: "HttpsClient_CACertFile", kind: text(&h.ClientCAFile), Help: "PEM file of certificates that those of other nodes, and of origins of the URL cache, are verified against, besides those of the system"},
		{Name: "Cors", Default: "0", kind: toggle(&h.CORS), Help: "1 lets web pages of other origins read answers and open WebSockets"},
		{Name: "Access_Control_Allow_Origin", Default: "*", kind: list(&h.Origins, splitWords, access.CheckOrigins), Help: "origins that Cors allows, like https://www.example.com; * = any"},
	}
}

// AllowedOrigins returns the origins of web pages that may read answers.
func (h *HTTPS) AllowedOrigins() []string {
	if !h.CORS {
		return nil
	}
	return h.Origins
}

// ClientTLS returns how certificates of other nodes, and of origins, are verified: against those of
// the system, and those that an option names.
func (h *HTTPS) ClientTLS() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: h.ClientInsecure}
	if h.ClientCAFile == "" {
		return t, nil
	}
	var err error
	if t.RootCAs, err = x509.SystemCertPool(); err != nil {
		t.RootCAs = x509.NewCertPool() // there are none on this machine
	}
	return t, AddCertificates(t.RootCAs, "HttpsClient_CACertFile", h.ClientCAFile)
}

// AddCertificates adds the certificates in a file, which origin names, to a pool.
func AddCertificates(pool *x509.CertPool, origin, file string) error {
	data, err := ReadPEM(origin, file, "CERTIFICATE")
	if err != nil {
		return term.Usage(err)
	}
	if !pool.AppendCertsFromPEM(data) {
		return term.Usage(fmt.Errorf("%s %s: no certificate in it can be read", origin, file))
	}
	return nil
}

// ReadPEM reads a file that an option names and that must hold a block whose type ends in kind.
func ReadPEM(option, file, kind string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err // the message names the file
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", option, file, err)
	}
	var found []string
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case kind == "PRIVATE KEY" && (strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != ""):
			return nil, fmt.Errorf("%s %s: the key is protected by a passphrase, which nobody is there to give: store it without one, readable by the node alone", option, file)
		case strings.HasSuffix(block.Type, kind):
			return data, nil
		}
		found = append(found, block.Type)
	}
	if len(found) > 0 {
		return nil, fmt.Errorf("%s %s: want a %s, it holds only %s", option, file, kind, strings.Join(found, ", "))
	}
	return nil, fmt.Errorf("%s %s: it is not a PEM file: want text with -----BEGIN %s-----", option, file, kind)
}

// FirstCertificate returns the first certificate of a PEM file, nil if there is none.
func FirstCertificate(data []byte) []byte {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return block.Bytes
		}
	}
	return nil
}
