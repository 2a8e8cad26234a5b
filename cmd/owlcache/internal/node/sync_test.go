package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"owlcache/api/classic"
	"owlcache/api/status"
	"owlcache/cluster"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/engine/datadir"
)

// fakeSyncNode notes what it is told, with the members that the file has at that moment.
type fakeSyncNode struct {
	syncNode
	file  string
	peers []status.Peer
	told  []string
}

func (f *fakeSyncNode) Status() status.Sync   { return status.Sync{Peers: f.peers} }
func (f *fakeSyncNode) Join(address string)   { f.tell("join", address) }
func (f *fakeSyncNode) Forget(address string) { f.tell("forget", address) }

func (f *fakeSyncNode) tell(what, address string) {
	content, err := os.ReadFile(f.file)
	f.told = append(f.told, fmt.Sprintf("%s %s, in the file: %v", what, address, err == nil && strings.Contains(string(content), `"`+address+`"`)))
}

func TestGossipList(t *testing.T) {
	d, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	lists, err := cluster.OpenLists(d, cluster.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	node := &fakeSyncNode{file: d.File(datadir.GossipFile), peers: []status.Peer{{Address: "10.0.0.7:1"}}}
	l := gossipList{memberList{lists.Gossip}, func() syncNode { return node }}
	for _, tt := range []struct {
		do, address, member string
		err                 bool
		told                string
	}{
		{"add", "Node:01", "node:1", false, "join node:1, in the file: true"},
		{"add", "node:1", "node:1", false, "join node:1, in the file: true"}, // known, and tried at once all the same
		{"add", "node", "", true, ""},
		{"remove", "Node:1", "node:1", false, "forget node:1, in the file: false"},
		{"remove", "node:1", "", true, ""},
		{"remove", "10.0.0.7:01", "10.0.0.7:1", false, "forget 10.0.0.7:1, in the file: false"}, // has joined by itself
		{"remove", "10.0.0.8:1", "", true, ""},
		{"remove", "10.0.0.7", "", true, ""},
	} {
		node.told = nil
		var member string
		if tt.do == "add" {
			member, _, err = l.Add(tt.address)
		} else {
			member, err = l.Remove(tt.address)
		}
		if member != tt.member || (err != nil) != tt.err || strings.Join(node.told, "; ") != tt.told {
			t.Errorf("%s %s: %q, %v, told %q", tt.do, tt.address, member, err, node.told)
		}
	}
	off := gossipList{memberList{lists.Gossip}, func() syncNode { return nil }}
	if _, _, err := off.Add("a:1"); err != nil {
		t.Error(err)
	}
	if _, err := off.Remove("a:1"); err != nil {
		t.Error(err)
	}
	if _, err := off.Remove("a:1"); !errors.Is(err, classic.ErrUnknownMember) {
		t.Error(err)
	}
}

// goodSyncKey is a secret that is long enough.
const goodSyncKey = "owls-see-at-night"

// syncConfig returns a configuration with data sync on.
func syncConfig(t *testing.T, file string) *config.Config {
	t.Helper()
	c, errs := config.Parse("f", []byte("GroupDataSync 1\nGossipDataSyncAuthKey "+goodSyncKey+"\n"+file))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

// syncServer returns a server with data sync, and what it tells the operator.
func syncServer(t *testing.T, options string) (*Server, *e2e.Buffer) {
	t.Helper()
	c := syncConfig(t, "Httpport 0\nPass correct horse battery\nDBfile "+t.TempDir()+"\n"+options)
	stderr := &e2e.Buffer{}
	l, err := logs.Open(c, nil, stderr)
	if err != nil {
		t.Fatal(err)
	}
	return New(c, l, stderr), stderr
}

// A port that is taken, for TCP or UDP, ends the start before the store is loaded.
func TestSyncPortInUse(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tcp.Close() }()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	for _, port := range []int{tcp.Addr().(*net.TCPAddr).Port, udp.LocalAddr().(*net.UDPAddr).Port} {
		srv, stderr := syncServer(t, fmt.Sprintf("Gossipport %d", port))
		err := srv.Run(t.Context())
		want := fmt.Sprintf("cannot listen on 127.0.0.1:%d (options Gossip_BindAddr and Gossipport): ", port)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "in use") || strings.Contains(stderr.String(), "recovered") {
			t.Errorf("%v\n%s", err, stderr.String())
		}
	}
}

// Tombstones are kept only for data sync.
func TestTombstonesAreForSync(t *testing.T) {
	c := syncConfig(t, "Tombstone_Grace 60")
	if grace := engineOptions(c).TombstoneGrace; grace != time.Minute {
		t.Errorf("with data sync: %v", grace)
	}
	o, err := gossipOptions(c, net.IPv4(127, 0, 0, 1))
	if err != nil || o.Grace != time.Minute {
		t.Errorf("%v, %v", o.Grace, err)
	}
}

func TestGossipOptions(t *testing.T) {
	c := syncConfig(t, "Gossip_AcceptKeys "+goodSyncKey+"1|"+goodSyncKey+"2\nGossipport 7946\nGossip_Network WAN\nGossip_QueueSize 2MiB\nGossip_AdvertiseAddr [2001:db8::5]:7000\nGossip_BindAddr ::")
	o, err := gossipOptions(c, net.IPv4(127, 0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if o.AuthKey != goodSyncKey || !slices.Equal(o.AcceptKeys, []string{goodSyncKey + "1", goodSyncKey + "2"}) || o.BindAddr != "::" || o.BindPort != 7946 ||
		o.Preset != "WAN" || o.QueueBytes != 2<<20 || o.AdvertiseAddr != "2001:db8::5" || o.AdvertisePort != 7000 {
		t.Errorf("%+v", o)
	}
}
