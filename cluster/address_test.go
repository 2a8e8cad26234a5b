package cluster

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, tt := range []struct{ in, want string }{
		{"127.0.0.1:7721", "127.0.0.1:7721"},
		{"10.0.0.5:1", "10.0.0.5:1"},
		{"0.0.0.0:65535", "0.0.0.0:65535"},
		{"[::1]:7721", "[::1]:7721"},
		{"[2001:DB8:0:0::5]:7721", "[2001:db8::5]:7721"},
		{"[::ffff:10.0.0.5]:7721", "10.0.0.5:7721"},
		{"localhost:7721", "localhost:7721"},
		{"Node-1.Example.COM:07721", "node-1.example.com:7721"},
		{"node.example.:7721", "node.example:7721"},
		{"my_service:80", "my_service:80"},
		{"1a:80", "1a:80"},
		{"10.0.0.a:80", "10.0.0.a:80"},
		{long + "." + long + "." + long + "." + long[:61] + ":80", long + "." + long + "." + long + "." + long[:61] + ":80"},
	} {
		if got, err := ParseAddress(tt.in); got != tt.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ in, reason string }{
		{"", "empty"},
		{"localhost", "no port"}, {"10.0.0.5", "no port"}, {"[::1]", "no port"},
		{":7721", "no host"}, {".:7721", "no host"},
		{"host:", "port must be"}, {"host:0", "port must be"}, {"host:65536", "port must be"}, {"host:-1", "port must be"}, {"host:+1", "'+'"},
		{"host:http", "port must be"}, {"host:1e3", "port must be"}, {"host:99999999999999999999", "port must be"},
		{"::1:7721", "brackets"}, {"2001:db8::5:7721", "brackets"}, {"a:b:1", "brackets"},
		{"[10.0.0.5]:7721", "in the brackets"}, {"[]:7721", "in the brackets"}, {"[::1:7721", "in the brackets"}, {"[[::1]]:7721", "in the brackets"},
		{"[fe80::1%eth0]:7721", "'%'"}, {"[node]:7721", "in the brackets"}, {"no]de:7721", "brackets"},
		{"http://node:7721", "in front"}, {"ws://node:7721/ws", "in front"}, {"node:7721/", "'/'"}, {"node:7721?x", "'?'"}, {"me@node:7721", "'@'"},
		{" node:7721", "' '"}, {"node:7721\n", `'\n'`}, {"no de:7721", "' '"}, {"n\u00f6de:7721", "'\u00f6'"}, {"n\xffode:7721", "in it"}, {"node\x00:7721", `'\x00'`},
		{"a..b:1", "empty part"}, {".a:1", "empty part"}, {"-a:1", "begins or ends"}, {"a-.b:1", "begins or ends"},
		{long + "a:1", "a part of the host"}, {strings.Repeat("a.", 127) + "a:1", "more than 253"},
		{"256.0.0.1:1", "four numbers"}, {"10.0.1:1", "four numbers"}, {"010.0.0.1:1", "four numbers"}, {"5:1", "four numbers"},
	} {
		got, err := ParseAddress(tt.in)
		if got != "" || !errors.Is(err, ErrAddress) || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%q: %q, %v, want an error with %q", tt.in, got, err, tt.reason)
		}
	}
}

// What is no address may have a secret in it.
func TestAddressErrorsKeepSecrets(t *testing.T) {
	for _, in := range []string{"user:hunter2@node:7721", "http://node/?token=hunter2", "node:1?pass=hunter2", "hunter2 "} {
		if _, err := ParseAddress(in); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"127.0.0.1:7721", "[::1]:80", "Node.Example:1", "[::ffff:1.2.3.4]:5", "a:b:c", "", "[fe80::1%x]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if a != "" || !errors.Is(err, ErrAddress) {
				t.Fatalf("%q: %q, %v", s, a, err)
			}
			return
		}
		if b, err := ParseAddress(a); a != b || err != nil {
			t.Fatalf("%q becomes %q becomes %q, %v", s, a, b, err)
		}
		host, port, err := net.SplitHostPort(a)
		if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 1 || n > 65535 || host == "" || len(a) > 300 {
			t.Fatalf("%q: %q, %v", s, a, err)
		}
		if a != strings.ToLower(a) || strings.ContainsAny(a, " /@?#%\r\n\t") {
			t.Fatalf("%q: %q", s, a)
		}
	})
}
