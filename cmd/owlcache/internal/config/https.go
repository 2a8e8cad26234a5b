package config

import (
	"crypto/x509"
	"fmt"

	"owlcache/api/access"
	"owlcache/cmd/owlcache/internal/term"
)

// checkHTTPS finds what HTTPS lacks, if it is on.
func (c *Config) checkHTTPS() []error {
	var errs []error
	for _, name := range []string{"Https_CertFile", "Https_KeyFile"} {
		if c.On("Open_Https") && c.Text(name) == "" {
			errs = append(errs, mistakef(c.Get("Open_Https").Origin, "Open_Https 1: it needs %s, a PEM file", name))
		}
	}
	return errs
}

// checkOrigins accepts what SplitHosts splits into origins, or *.
func checkOrigins(s string) error { return access.CheckOrigins(SplitHosts(s)) }

// AllowedOrigins returns the origins of web pages that may read answers.
func (c *Config) AllowedOrigins() []string {
	if !c.On("Cors") {
		return nil
	}
	return SplitHosts(c.Text("Access_Control_Allow_Origin"))
}

// MemberRoots returns what the certificates of other nodes, and of origins, are verified
// against: those of the system, as nil, or these and those that an option names.
func (c *Config) MemberRoots() (*x509.CertPool, error) {
	file := c.Text("HttpsClient_CACertFile")
	if file == "" {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // there are none on this machine
	}
	return roots, AddCertificates(roots, "HttpsClient_CACertFile", file)
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
