package main

import (
	"net/url"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/e2e"
)

type safeBuilder = e2e.Buffer

const patience = e2e.Patience

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	e2e.WaitFor(t, what, condition)
}

func address(stderr string) string { return e2e.Address(stderr) }

func makeCertificate(name string, begins, ends time.Time, names ...string) (certPEM, keyPEM []byte, err error) {
	return e2e.Certificate(name, begins, ends, names...)
}

func request(method, target string, form url.Values) (status int, body []byte, err error) {
	return e2e.Request(method, target, form)
}
