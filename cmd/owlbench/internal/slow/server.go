package slow

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

type server struct {
	*node.Node
	tcp string // address of the line protocol
}

// startServer starts a node with the limits to be tried, and with HTTPS if asked to.
func (b *bench) startServer(ctx context.Context, https bool) (*server, error) {
	addr, port, err := node.FreeAddr()
	if err != nil {
		return nil, err
	}
	limit := strconv.Itoa(int(b.limit.Seconds()))
	o := b.NodeOptions("node", b.CPUs.Server, "Tcpport="+port,
		"Http_ReadTimeout="+limit, "Http_WriteTimeout="+limit, "Http_IdleTimeout="+limit, "Tcp_IdleTimeout="+limit,
		fmt.Sprintf("Http_MaxBodyMemory=%dMiB", bodyMemory), "Max_Connections="+strconv.Itoa(b.clients+b.Conns+500))
	if https {
		cert, key, err := writeCertificate(b.Dir)
		if err != nil {
			return nil, err
		}
		o.HTTPS = true
		o.Settings = append(o.Settings, "Open_Https=1", "Https_CertFile="+cert, "Https_KeyFile="+key)
	}
	n, err := node.StartReady(ctx, o)
	return &server{Node: n, tcp: addr}, err
}

func (b *bench) fill(ctx context.Context) error {
	n, err := b.startServer(ctx, false)
	if err != nil {
		return err
	}
	defer n.Kill()
	if err := n.Fill(ctx, b.Options); err != nil {
		return err
	}
	form := url.Values{"cmd": {"set"}, "key": {largeKey}, "valuedata": {load.SampleValue(largeValue)}, "token": {n.Token}}
	resp, err := load.Ask(ctx, n.Addr, load.ParseHTTP, load.HTTPPost("/data/", form.Encode()))
	if err = cmp.Or(err, resp.MustBeOK("set")); err != nil {
		return err
	}
	return n.Terminate()
}

// figures returns how many connections of slow clients and how many keys a node has.
func (n *server) figures(ctx context.Context) (slow, keys int, err error) {
	all, err := n.Metrics(ctx)
	http, known := all["owlcache_http_connections"]
	if err == nil && !known {
		err = errors.New("the node does not tell how many connections it has")
	}
	const own = 1 // that asks
	return int(http+all["owlcache_tcp_connections"]) - own, int(all["owlcache_keys"]), err
}

// writeCertificate makes a certificate for the loopback address.
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
	certFile, keyFile = filepath.Join(dir, "node.crt"), filepath.Join(dir, "node.key")
	return certFile, keyFile, errors.Join(err,
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}
