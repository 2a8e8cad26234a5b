package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/logs"
)

// httpsNode is a node that speaks HTTPS, in this process.
type httpsNode struct {
	*Server
	addr string
}

// startHTTPS starts a node with a certificate and further lines of configuration.
func startHTTPS(t *testing.T, certFile, keyFile, more string) *httpsNode {
	t.Helper()
	c := parsed(t, fmt.Sprintf("Httpport 0\nCloseTcp 0\nDBfile %s\nOpen_Https 1\nHttps_CertFile %s\nHttps_KeyFile %s\n%s", t.TempDir(), certFile, keyFile, more))
	stderr := &e2e.Buffer{}
	l, err := logs.Open(c, nil, stderr)
	if err != nil {
		t.Fatal(err)
	}
	n := &httpsNode{Server: New(c, l, stderr)}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
	e2e.WaitFor(t, "the start", func() bool { return strings.Contains(stderr.String(), "serves https://") })
	_, n.addr, _ = strings.Cut(stderr.String(), "serves https://")
	n.addr, _, _ = strings.Cut(n.addr, "\n")
	return n
}

// Two nodes ask each other over HTTPS, in both modes, and know themselves.
func TestGroupOverHTTPS(t *testing.T) {
	cert, key := e2e.CertificateFiles(t, "node", time.Now().Add(time.Hour))
	data, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(data)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}, Timeout: e2e.Patience}
	ask := func(n *httpsNode, query string) (int, string) {
		t.Helper()
		resp, err := client.Get("https://" + n.addr + "/group_data/?cmd=get&key=k" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	for _, tt := range []struct {
		name, config string
		ok           bool
	}{
		{"Http", "HttpsClient_CACertFile " + cert, true},
		{"Websocket", "GroupData_Mode Websocket\nHttpsClient_CACertFile " + cert, true},
		{"not verified", "HttpsClient_InsecureSkipVerify 1", true},
		{"not trusted", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := "Group_Https 1\nHttpClientRequestLocalCacheLifeTime 0\nWebsocket_Client_MinRecTime 1\n" + tt.config
			a, b := startHTTPS(t, cert, key, config), startHTTPS(t, cert, key, config)
			for _, n := range []*httpsNode{a, b} {
				for _, member := range []string{a.addr, b.addr} {
					if _, _, err := n.lists.Owlcache.Add(member); err != nil {
						t.Fatal(err)
					}
				}
			}
			for n, value := range map[*httpsNode]string{a: "of a", b: "of b"} {
				if _, err := n.store.Set([]byte("k"), []byte(value), 0); err != nil {
					t.Fatal(err)
				}
			}
			if !tt.ok {
				if _, info := ask(a, "&valuedata=info"); strings.Count(info, `"Address"`) != 1 {
					t.Errorf("a member whose certificate does not hold is believed: %s", info)
				}
				return
			}
			e2e.WaitFor(t, "both know both", func() bool {
				_, one := ask(a, "&valuedata=info")
				_, other := ask(b, "&valuedata=info")
				return strings.Count(one, `"Address"`) == 2 && strings.Count(other, `"Address"`) == 2
			})
			if status, value := ask(a, "&target="+b.addr); status != http.StatusOK || value != "of b" {
				t.Errorf("of the other: %d, %q", status, value)
			}
			self := 0
			for _, m := range a.group.Status() {
				if m.Self {
					self++
				}
			}
			if status, _ := json.Marshal(a.group.Status()); self != 1 {
				t.Errorf("the node does not know itself: %s", status)
			}
		})
	}
}
