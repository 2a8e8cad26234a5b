package slow

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// server is the node that slow clients are let loose on.
type server struct {
	*node.Node
	scheme    string
	http, tcp int // ports
	client    *http.Client
}

// startSlowNode starts a node with the limits to be tried, and with HTTPS if asked to.
func (b *bench) startSlowNode(ctx context.Context, https bool) (*server, error) {
	tcp, err := node.FreePort()
	if err != nil {
		return nil, err
	}
	n := &server{scheme: "http", tcp: tcp}
	limit := strconv.Itoa(int(b.flags.limit.Seconds()))
	settings := []string{"Tcpport=" + strconv.Itoa(tcp),
		"Http_ReadTimeout=" + limit, "Http_WriteTimeout=" + limit, "Http_IdleTimeout=" + limit, "Tcp_IdleTimeout=" + limit,
		fmt.Sprintf("Http_MaxBodyMemory=%dMiB", slowBodyMemory), "Max_Connections=" + strconv.Itoa(b.flags.clients+b.flags.load.Conns+100)}
	if https {
		n.scheme = "https"
		cert, key, err := writeCertificate(b.Dir)
		if err != nil {
			return nil, err
		}
		settings = append(settings, "Open_Https=1", "Https_CertFile="+cert, "Https_KeyFile="+key)
	}
	// The node is on this machine and has just been started: nobody is in between.
	n.client = &http.Client{Timeout: load.AnswerPatience, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	n.Node, err = node.Start(b.Site.NodeOptions("node", b.CPUs.Server, settings...))
	if err != nil {
		return nil, err
	}
	err = n.Process.WaitReady(ctx, node.StartPatience, func() error {
		_, err := n.get(ctx, "/readyz")
		return err
	})
	if err != nil {
		n.Kill()
		return nil, err
	}
	_, port, err := net.SplitHostPort(n.Addr)
	if err == nil {
		n.http, err = strconv.Atoi(port)
	}
	return n, err
}

// get returns the body of a path, whose status must be 200.
func (n *server) get(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.scheme+"://"+n.Addr+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d: %.200q", path, resp.StatusCode, body)
	}
	return string(body), err
}

// figures are what a node says of itself.
type figures struct {
	http, tcp int // connections; the one that asks is among those of HTTP
	keys      int
}

func (n *server) figures(ctx context.Context) (f figures, err error) {
	body, err := n.get(ctx, "/metrics")
	if err != nil {
		return f, err
	}
	into := map[string]*int{"owlcache_http_connections": &f.http, "owlcache_tcp_connections": &f.tcp, "owlcache_keys": &f.keys}
	for line := range strings.Lines(body) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		to := into[name]
		if to == nil {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return f, fmt.Errorf("metrics: %s: %w", name, err)
		}
		*to = int(v)
		delete(into, name)
	}
	if len(into) > 0 {
		return f, fmt.Errorf("metrics: %d figures are missing", len(into))
	}
	return f, nil
}

// slowTotal is how many connections others than this one have.
func (f figures) slowTotal() int { return f.http - 1 + f.tcp }

// writeCertificate makes a certificate for the loopback address, and its key.
func writeCertificate(dir string) (certFile, keyFile string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(dir, "node.crt"), filepath.Join(dir, "node.key")
	return certFile, keyFile, errors.Join(
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}
