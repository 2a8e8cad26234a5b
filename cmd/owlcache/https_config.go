package main

import (
	"crypto/x509"
	"fmt"

	"owlcache/api"
	"owlcache/cmd/owlcache/internal/term"
)

// checkHTTPS finds what HTTPS lacks, if it is on.
func (c *config) checkHTTPS() []error {
	var errs []error
	for _, name := range []string{"Https_CertFile", "Https_KeyFile"} {
		if c.on("Open_Https") && c.text(name) == "" {
			errs = append(errs, mistakef(c.get("Open_Https").origin, "Open_Https 1: it needs %s, a PEM file", name))
		}
	}
	return errs
}

// checkOrigins accepts what splitHosts splits into origins, or *.
func checkOrigins(s string) error { return api.CheckOrigins(splitHosts(s)) }

// allowedOrigins returns the origins of web pages that may read answers.
func (c *config) allowedOrigins() []string {
	if !c.on("Cors") {
		return nil
	}
	return splitHosts(c.text("Access_Control_Allow_Origin"))
}

// memberRoots returns what the certificates of other nodes, and of origins, are verified
// against: those of the system, as nil, or these and those that an option names.
func (c *config) memberRoots() (*x509.CertPool, error) {
	file := c.text("HttpsClient_CACertFile")
	if file == "" {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // there are none on this machine
	}
	return roots, addCertificates(roots, "HttpsClient_CACertFile", file)
}

// addCertificates adds the certificates in a file, which origin names, to a pool.
func addCertificates(pool *x509.CertPool, origin, file string) error {
	data, err := readPEM(origin, file, "CERTIFICATE")
	if err != nil {
		return term.Usage(err)
	}
	if !pool.AppendCertsFromPEM(data) {
		return term.Usage(fmt.Errorf("%s %s: no certificate in it can be read", origin, file))
	}
	return nil
}
