package node

import (
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/group"
	"owlcache/cluster/group/ask"
	"owlcache/cmd/owlcache/internal/config"
)

func TestSelfAddresses(t *testing.T) {
	for _, tt := range []struct {
		response, host, listener string
		want                     []string // in this order, without those of the interfaces
		not                      []string
	}{
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:7721", []string{"127.0.0.1:7721", "localhost:7721"}, []string{"[::1]:7721", "0.0.0.0:7721"}},
		{"Node.Example", "localhost", "127.0.0.1:80", []string{"node.example:80", "localhost:80", "127.0.0.1:80"}, nil},
		{"127.0.0.1", "::1", "[::1]:7721", []string{"[::1]:7721", "localhost:7721"}, []string{"127.0.0.1:7721"}},
		{"127.0.0.1", "127.0.0.2", "127.0.0.2:7721", []string{"127.0.0.2:7721"}, []string{"127.0.0.1:7721", "localhost:7721"}},
		{"10.9.8.7", "10.9.8.7", "10.9.8.7:7721", []string{"10.9.8.7:7721"}, []string{"localhost:7721", "127.0.0.1:7721"}},
		{"10.9.8.7", "0.0.0.0", "0.0.0.0:7721", []string{"10.9.8.7:7721", "0.0.0.0:7721", "localhost:7721", "127.0.0.1:7721"}, []string{"[::1]:7721"}},
		{"[2001:DB8::7]", "[::]", "[::]:7721", []string{"[2001:db8::7]:7721", "[::]:7721", "localhost:7721", "127.0.0.1:7721", "0.0.0.0:7721", "[::1]:7721"}, nil},
		{"no such host!", "127.0.0.2", "127.0.0.2:7721", []string{"127.0.0.2:7721"}, []string{"localhost:7721"}},
	} {
		addr, err := net.ResolveTCPAddr("tcp", tt.listener)
		if err != nil {
			t.Fatal(err)
		}
		got := selfAddresses(tt.response, tt.host, addr, ownAddresses(addr))
		if len(got) < len(tt.want) || !slices.Equal(got[:len(tt.want)], tt.want) {
			t.Errorf("%s on %s: %q, want %q", tt.response, tt.listener, got, tt.want)
		}
		for _, a := range tt.not {
			if slices.Contains(got, a) {
				t.Errorf("%s on %s: %q has %s", tt.response, tt.listener, got, a)
			}
		}
		if !addr.IP.IsUnspecified() && len(got) != len(tt.want) {
			t.Errorf("%s on %s: %q, want only %q", tt.response, tt.listener, got, tt.want)
		}
	}
	// Whatever the interfaces of this machine are, each is its own once it listens on all.
	addr := &net.TCPAddr{IP: net.IPv6unspecified, Port: 7721}
	self := selfAddresses("127.0.0.1", "::", addr, ownAddresses(addr))
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if a, err := cluster.ParseAddress(name + ":7721"); err == nil && !slices.Contains(self, a) {
		t.Errorf("%q has no %s", self, a)
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range interfaces {
		if n, ok := a.(*net.IPNet); ok && !slices.Contains(self, net.JoinHostPort(n.IP.String(), "7721")) {
			t.Errorf("%q has no %s", self, n.IP)
		}
	}
}

func TestClusterOptions(t *testing.T) {
	parse := func(file string) group.Options {
		t.Helper()
		c, errs := config.Parse("f", []byte(file))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		o, err := groupOptions(c)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	// The defaults of the configuration are those of the package.
	want := group.Options{
		CacheLifetime: group.DefaultCacheLifetime, CacheBytes: group.DefaultCacheBytes,
		Options: ask.Options{
			RequestTimeout: ask.DefaultRequestTimeout, MaxValueSize: 16 << 20, WriteWait: ask.DefaultWriteWait, MaxMessageSize: ask.DefaultMaxMessageSize,
			MinReconnect: ask.DefaultMinReconnect, MaxReconnect: ask.DefaultMaxReconnect, MessageBuffer: ask.DefaultMessageBuffer,
		},
	}
	same := func(a, b group.Options) bool {
		return a.Mode == b.Mode && a.RequestTimeout == b.RequestTimeout && a.CacheLifetime == b.CacheLifetime && a.CacheBytes == b.CacheBytes &&
			a.MaxValueSize == b.MaxValueSize && a.TLS == b.TLS && a.WriteWait == b.WriteWait && a.MaxMessageSize == b.MaxMessageSize &&
			a.MinReconnect == b.MinReconnect && a.MaxReconnect == b.MaxReconnect && a.MessageBuffer == b.MessageBuffer
	}
	if got := parse(""); !same(got, want) {
		t.Errorf("defaults: %+v, want %+v", got, want)
	}
	got := parse("GroupData_Mode Websocket\nHttpClientRequestTimeout 1\nHttpClientRequestLocalCacheLifeTime 0\nGroup_CacheSize 1MiB\nMaxValueSize 1KiB\n" +
		"Websocket_Client_WriteWait 3\nWebsocket_Client_MaxMessageSize 2KiB\nWebsocket_Client_MinRecTime 4\nWebsocket_Client_MaxRecTime 5\nWebsocket_Client_MessageBufferSize 6")
	want = group.Options{
		Mode: group.WebSocket, CacheLifetime: -1, CacheBytes: 1 << 20,
		Options: ask.Options{
			RequestTimeout: time.Millisecond, MaxValueSize: 1 << 10, WriteWait: 3 * time.Second, MaxMessageSize: 2 << 10,
			MinReconnect: 4 * time.Second, MaxReconnect: 5 * time.Second, MessageBuffer: 6,
		},
	}
	if !same(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if o := parse("HttpsClient_InsecureSkipVerify 1"); o.TLS != nil {
		t.Error("HTTPS without Group_Https")
	}
	if o := parse("Group_Https 1"); o.TLS == nil || o.TLS.InsecureSkipVerify {
		t.Errorf("%+v", o.TLS)
	}
	if o := parse("Group_Https 1\nHttpsClient_InsecureSkipVerify 1"); o.TLS == nil || !o.TLS.InsecureSkipVerify {
		t.Errorf("%+v", o.TLS)
	}
}
