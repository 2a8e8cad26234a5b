package config

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"owlcache/cmd/owlcache/internal/term"
)

// goodSyncKey is a secret that is long enough.
const goodSyncKey = "owls-see-at-night"

func TestSyncOptions(t *testing.T) {
	const on = "GroupDataSync 1\n"
	for _, tt := range []struct {
		name, file string
		want       []string
	}{
		{"off with a short key, as older files may have it", "GossipDataSyncAuthKey short\nGossip_AcceptKeys short", nil},
		{"on", on + "GossipDataSyncAuthKey " + goodSyncKey + "\nGossipHttpClientRequestTimeout 1", nil},
		{"on with a file", on + "GossipDataSyncAuthKey_File key", nil},
		{"on with accepted keys", on + "GossipDataSyncAuthKey " + goodSyncKey + "\nGossip_AcceptKeys " + goodSyncKey + "1|" + goodSyncKey + "2", nil},
		{"no key", on, []string{"f:1: GroupDataSync 1: it needs GossipDataSyncAuthKey, a secret of at least 16 characters that all nodes of the group share"}},
		{"short key", on + "GossipDataSyncAuthKey 0123456789abcde", []string{"f:2: GossipDataSyncAuthKey: too short: want at least 16 characters"}},
		{"digits", on + "GossipDataSyncAuthKey 0123456789012345", []string{"f:2: GossipDataSyncAuthKey: digits only: want letters or signs too"}},
		{"both", "GossipDataSyncAuthKey " + goodSyncKey + "\nGossipDataSyncAuthKey_File key", []string{
			"f:2: GossipDataSyncAuthKey_File: GossipDataSyncAuthKey is given too, at f:1: only one of them can count",
		}},
		{"short accepted key", on + "GossipDataSyncAuthKey " + goodSyncKey + "\nGossip_AcceptKeys " + goodSyncKey + "|s3cret", []string{
			"f:3: Gossip_AcceptKeys: too short: want at least 16 characters in each, separated by |",
		}},
		{"accepted nothing", on + "GossipDataSyncAuthKey " + goodSyncKey + "\nGossip_AcceptKeys " + goodSyncKey + "|", []string{
			"f:3: Gossip_AcceptKeys: too short: want at least 16 characters in each, separated by |",
		}},
		{"name to listen on", "Gossip_BindAddr localhost", []string{"f:1: Gossip_BindAddr localhost: want an IP address"}},
		{"port to listen on", "Gossip_BindAddr 10.0.0.5:7946", []string{"f:1: Gossip_BindAddr 10.0.0.5:7946: want an IP address"}},
		{"port 0 to tell", "Gossip_AdvertiseAddr 10.0.0.5:0", []string{"f:1: Gossip_AdvertiseAddr 10.0.0.5:0: want HOST or HOST:PORT, like 203.0.113.7 or node.example:7946, with an IPv6 address in brackets"}},
		{"network", "Gossip_Network lan", []string{"f:1: Gossip_Network lan: want LAN or WAN"}},
		{"queue", "Gossip_QueueSize 0", []string{"f:1: Gossip_QueueSize 0: want a size from 1MiB to 1TiB, like 1048576 or 1MiB"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := Parse("f", []byte(tt.file))
			var got []string
			for _, err := range errs {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitHostPort(t *testing.T) {
	for _, tt := range []struct {
		in, host string
		port     int
	}{
		{"10.0.0.5", "10.0.0.5", 0},
		{"10.0.0.5:7946", "10.0.0.5", 7946},
		{"node.example", "node.example", 0},
		{"node.example:1", "node.example", 1},
		{"2001:db8::5", "2001:db8::5", 0},
		{"[2001:db8::5]", "2001:db8::5", 0},
		{"[2001:db8::5]:65535", "2001:db8::5", 65535},
		{":7946", "", -1}, {"a:", "", -1}, {"a:65536", "", -1}, {"a:-1", "", -1}, {"a:b", "", -1}, {"a:1:2", "", -1}, {"http://a:1", "", -1}, {"", "", -1},
	} {
		at, err := parseHostPort(tt.in)
		if tt.port < 0 && err == nil || tt.port >= 0 && (err != nil || at != (HostPort{tt.host, tt.port})) {
			t.Errorf("%q: %+v, %v", tt.in, at, err)
		}
	}
}

// syncConfig returns a configuration with data sync on.
func syncConfig(t *testing.T, file string) *Config {
	t.Helper()
	c, errs := Parse("f", []byte("GroupDataSync 1\nGossipDataSyncAuthKey "+goodSyncKey+"\n"+file))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

// Where data sync listens, what it tells others, and what the operator is warned of.
func TestSyncAddresses(t *testing.T) {
	for _, tt := range []struct {
		file, listener  string
		bind, advertise string
		port            int
		warning         string // begins so
	}{
		{"", "127.0.0.1", "127.0.0.1", "127.0.0.1", 0, ""},
		{"", "10.0.0.5", "10.0.0.5", "10.0.0.5", 0, ""},
		{"", "0.0.0.0", "0.0.0.0", "127.0.0.1", 0, "data sync listens on 0.0.0.0 and tells other nodes to connect to 127.0.0.1,"},
		{"", "::", "::", "127.0.0.1", 0, "data sync listens on ::"},
		{"ResponseHost localhost", "0.0.0.0", "0.0.0.0", "localhost", 0, "data sync listens on 0.0.0.0 and tells other nodes to connect to localhost"},
		{"ResponseHost node.example", "0.0.0.0", "0.0.0.0", "node.example", 0, ""},
		{"ResponseHost [2001:db8::5]", "::", "::", "2001:db8::5", 0, ""},
		{"ResponseHost 10.0.0.9", "10.0.0.5", "10.0.0.5", "10.0.0.9", 0, ""},
		{"ResponseHost 10.0.0.9", "127.0.0.1", "127.0.0.1", "10.0.0.9", 0, "data sync listens on 127.0.0.1, which is this machine only"},
		{"Gossip_BindAddr 10.0.0.6", "127.0.0.1", "10.0.0.6", "10.0.0.6", 0, ""},
		{"Gossip_BindAddr [::1]", "10.0.0.5", "::1", "127.0.0.1", 0, ""},
		{"Gossip_AdvertiseAddr 203.0.113.7:7000", "0.0.0.0", "0.0.0.0", "203.0.113.7", 7000, ""},
		{"Gossip_AdvertiseAddr 127.0.0.1:7000", "10.0.0.5", "10.0.0.5", "127.0.0.1", 7000, "data sync listens on 10.0.0.5 and tells"},
	} {
		c := syncConfig(t, tt.file)
		listener := net.ParseIP(tt.listener)
		at := c.SyncAdvertised(listener)
		if bind := c.SyncBindIP(listener).String(); bind != tt.bind || at != (HostPort{tt.advertise, tt.port}) {
			t.Errorf("%q on %s: listens on %s, tells %s port %d", tt.file, tt.listener, bind, at.Host, at.Port)
		}
		if w := c.SyncWarning(listener); !strings.HasPrefix(w, tt.warning) || (w == "") != (tt.warning == "") {
			t.Errorf("%q on %s: warning %q", tt.file, tt.listener, w)
		}
	}
}

func TestSyncKeyFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, tt := range []struct{ content, key, problem string }{
		{goodSyncKey + "\n", goodSyncKey, ""},
		{"s3cret\n", "", "environment X: GossipDataSyncAuthKey_File key: too short: want at least 16 characters"},
		{"", "", "environment X: GossipDataSyncAuthKey_File key: too short"},
	} {
		if err := os.WriteFile("key", []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, errs := resolve([]assignment{{name: "GroupDataSync", value: "1"}, {name: "GossipDataSyncAuthKey_File", value: "key", origin: "environment X"}})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if key, err := c.SyncKey(); key != tt.key || tt.problem == "" && err != nil || tt.problem != "" && !strings.HasPrefix(err.Error(), tt.problem) {
			t.Errorf("%q: %q, %v", tt.content, key, err)
		}
	}
	flags := Flags{Set: []string{"GroupDataSync=1", "GossipDataSyncAuthKey_File=missing"}}
	if _, err := Load(flags, nil); term.Finish(&strings.Builder{}, err) != term.CodeUsage || !strings.Contains(err.Error(), "GossipDataSyncAuthKey_File: open missing") {
		t.Errorf("a file that is missing: %v", err)
	}
}

// Secrets are printed neither by config print nor by a message.
func TestSyncKeysAreMasked(t *testing.T) {
	c := syncConfig(t, "Gossip_AcceptKeys "+goodSyncKey+"2")
	var printed strings.Builder
	if err := c.print(&printed); err != nil {
		t.Fatal(err)
	}
	if err := (&term.Process{Stdout: &printed}).PrintIndented(c.rows()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(printed.String(), goodSyncKey) || !strings.Contains(printed.String(), "GossipDataSyncAuthKey ") {
		t.Error("a secret is shown")
	}
	c, _ = resolve(nil, nil, []assignment{{name: "GossipDataSyncAuthKey", value: goodSyncKey, origin: "flag --set GossipDataSyncAuthKey"}})
	warnings := strings.Join(c.Warnings(), "\n")
	if !strings.Contains(warnings, "can read the secret in the list of processes: use GossipDataSyncAuthKey_File") || strings.Contains(warnings, goodSyncKey) {
		t.Errorf("%q", warnings)
	}
}
