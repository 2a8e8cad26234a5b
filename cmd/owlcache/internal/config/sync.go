package config

import (
	"fmt"
	"net"
	"strings"
	"time"
)

const minSyncKey = 16 // characters

// Sync is data sync, in the gossip group.
type Sync struct {
	On         bool
	Port       int    // 0: a free one
	Key        string // see Config.SyncKey
	KeyFile    string
	AcceptKeys []string
	BindAddr   net.IP   // nil: that of Host
	Advertise  HostPort // zero: ResponseHost
	Network    string
	QueueSize  int64
}

func (s *Sync) options() []Option {
	splitKeys := func(s string) []string { return strings.Split(s, "|") }
	anyKeys := func([]string) error { return nil } // they are checked where data sync is on
	return []Option{
		{Name: "GroupDataSync", Default: "0", kind: toggle(&s.On), Help: "1 lets all nodes of the gossip group hold the same data"},
		{Name: "Gossipport", Default: "0", kind: number(&s.Port, 0, 65535), Help: "gossip port, TCP and UDP; 0 takes a free one"},
		{Name: "GossipDataSyncAuthKey", kind: text(&s.Key), Secret: true, Help: "secret that the nodes of the gossip group share; data sync needs it"},
		{Name: "GossipDataSyncAuthKey_File", kind: text(&s.KeyFile), Help: "file that holds this secret"},
		{Name: "Gossip_AcceptKeys", kind: list(&s.AcceptKeys, splitKeys, anyKeys), Secret: true, Help: "further secrets that are accepted from others, separated by |, while the secret is changed"},
		{Name: "Gossip_BindAddr", kind: address(&s.BindAddr), Help: "IP address that data sync listens on; empty = that of Host"},
		{Name: "Gossip_AdvertiseAddr", kind: into(&s.Advertise, parseHostPort), Help: "HOST or HOST:PORT where other nodes find this one; empty = ResponseHost"},
		{Name: "Gossip_Network", Default: "LAN", kind: choice(&s.Network, "LAN", "WAN"), Help: "kind of network between the nodes, for the times of data sync"},
		{Name: "Gossip_QueueSize", Default: "64MiB", kind: size(&s.QueueSize, 1<<20, 1<<40), Help: "memory for changes that wait to be sent, for each node"},
		{Name: "GossipHttpClientRequestTimeout", Default: "5000", kind: span(new(time.Duration), "ms", 1, 3600_000), Obsolete: true, Help: "no effect, accepted for older files"},
	}
}

func checkSyncKey(s string) error { return checkSecret(s, minSyncKey, "") }

// SyncKey returns the secret of data sync.
func (c *Config) SyncKey() (string, error) {
	return c.secret(c.Sync.Key, &c.Sync.KeyFile, checkSyncKey)
}

// SyncBindIP returns the address that data sync listens on, where the server listens on listener.
func (c *Config) SyncBindIP(listener net.IP) net.IP {
	if c.Sync.BindAddr != nil {
		return c.Sync.BindAddr
	}
	return listener
}

// SyncAdvertised returns where other nodes find this one; port 0 is the one that is
// listened on. ResponseHost is a loopback address by default: where data sync listens on
// one particular address elsewhere, that is meant.
func (c *Config) SyncAdvertised(listener net.IP) HostPort {
	if c.Sync.Advertise != (HostPort{}) {
		return c.Sync.Advertise
	}
	at := HostPort{Host: c.Listen.ResponseHost}
	if bind := c.SyncBindIP(listener); IsLoopback(at.Host) && !bind.IsLoopback() && !bind.IsUnspecified() {
		at.Host = bind.String()
	}
	return at
}

// SyncWarning says what keeps other machines from joining, "" if nothing is known to.
func (c *Config) SyncWarning(listener net.IP) string {
	bind := c.SyncBindIP(listener)
	hostname := c.SyncAdvertised(listener).Host
	switch {
	case !bind.IsLoopback() && IsLoopback(hostname):
		return fmt.Sprintf("data sync listens on %s and tells other nodes to connect to %s, which is this machine only: nodes elsewhere cannot join, set Gossip_AdvertiseAddr or ResponseHost to an address of this node that they reach", bind, hostname)
	case bind.IsLoopback() && !IsLoopback(hostname):
		return fmt.Sprintf("data sync listens on %s, which is this machine only, and tells other nodes to connect to %s: unless something forwards that here, set Gossip_BindAddr or Host to an address that they reach", bind, hostname)
	}
	return ""
}
