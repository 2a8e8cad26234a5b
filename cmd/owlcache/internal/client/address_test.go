package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

func TestClientAddr(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, tt := range []struct {
		name, flag, file string
		env              []string
		addr             string // "" is an error
		own              bool
	}{
		{"nothing", "", "", nil, "127.0.0.1:7721", true},
		{"a file", "", "Httpport 80\nHost 10.0.0.1", nil, "10.0.0.1:80", true},
		{"any address", "", "Host 0.0.0.0", nil, "127.0.0.1:7721", true},
		{"any IPv6 address", "", "Host [::]", nil, "[::1]:7721", true},
		{"an IPv6 address", "", "Host fe80::1", nil, "[fe80::1]:7721", true},
		{"a name", "", "Host node.example", nil, "node.example:7721", true},
		{"the environment of the option", "", "Httpport 80", []string{"OWLCACHE_HTTPPORT=81"}, "127.0.0.1:81", true},
		{"the environment", "", "Httpport 80", []string{"OWLCACHE_ADDR=node.example"}, "node.example", false},
		{"the flag", "other.example", "Httpport 80", []string{"OWLCACHE_ADDR=node.example"}, "other.example", false},
		{"the flag beside a broken file", "other.example", "Htpport 80", nil, "other.example", false},
		{"a broken file", "", "Htpport 80", nil, "", false},
		{"a free port", "", "Httpport 0", nil, "", false},
	} {
		if err := os.WriteFile(filepath.Join(".", config.DefaultFile), []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		addr, own, err := findAddress(tt.flag, config.Flags{}, tt.env)
		if tt.addr == "" {
			var stderr strings.Builder
			if term.Finish(&stderr, err) != term.CodeUsage || !strings.Contains(stderr.String(), "--addr") {
				t.Errorf("%s: %q, %v", tt.name, addr, err)
			}
			continue
		}
		if err != nil || addr != tt.addr || own != tt.own {
			t.Errorf("%s: %q, %v, %v", tt.name, addr, own, err)
		}
	}
}
