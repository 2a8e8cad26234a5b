package config

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode/utf8"
)

// minSyncKey is the least number of characters of a secret of data sync.
const minSyncKey = 16

// checkSync finds what data sync lacks, if it is on.
func (c *Config) checkSync() []error {
	if !c.On("GroupDataSync") {
		return nil
	}
	var errs []error
	key, file := c.Get("GossipDataSyncAuthKey"), c.Get("GossipDataSyncAuthKey_File")
	if key.Value == "" && file.Value == "" {
		errs = append(errs, mistakef(c.Get("GroupDataSync").Origin,
			"GroupDataSync 1: it needs GossipDataSyncAuthKey, a secret of at least %d characters that all nodes of the group share", minSyncKey))
	}
	if err := checkSyncKey(key.Value); key.Value != "" && err != nil {
		errs = append(errs, mistakef(key.Origin, "GossipDataSyncAuthKey: %w", err))
	}
	for _, accepted := range c.AcceptedKeys() {
		if err := checkSyncKey(accepted); err != nil {
			errs = append(errs, mistakef(c.Get("Gossip_AcceptKeys").Origin, "Gossip_AcceptKeys: %w in each, separated by |", err))
			break
		}
	}
	return errs
}

// checkSyncKey refuses secrets that are too easy to guess.
func checkSyncKey(s string) error {
	switch {
	case utf8.RuneCountInString(s) < minSyncKey:
		return fmt.Errorf("too short: want at least %d characters", minSyncKey)
	case strings.Trim(s, "0123456789") == "":
		return errors.New("digits only: want letters or signs too")
	}
	return nil
}

// SyncKey returns the secret of data sync.
func (c *Config) SyncKey() (string, error) {
	if c.Text("GossipDataSyncAuthKey_File") != "" {
		return c.secretFromFile("GossipDataSyncAuthKey_File", checkSyncKey)
	}
	return c.Text("GossipDataSyncAuthKey"), nil
}

func (c *Config) AcceptedKeys() []string {
	if s := c.Text("Gossip_AcceptKeys"); s != "" {
		return strings.Split(s, "|")
	}
	return nil
}

// SyncBindIP returns the address that data sync listens on.
func (c *Config) SyncBindIP(listener net.IP) net.IP {
	if s := c.Text("Gossip_BindAddr"); s != "" {
		return net.ParseIP(BareHost(s))
	}
	return listener
}

// SyncAdvertised returns where other nodes find this one; port 0 is the one that is
// listened on. ResponseHost is a loopback address by default: where data sync listens on
// one particular address elsewhere, that is meant.
func (c *Config) SyncAdvertised(listener net.IP) (hostname string, port int) {
	if s := c.Text("Gossip_AdvertiseAddr"); s != "" {
		hostname, port, _ = splitHostPort(s) // checked when it was read
		return hostname, port
	}
	hostname = BareHost(c.Text("ResponseHost"))
	if bind := c.SyncBindIP(listener); isLoopback(hostname) && !bind.IsLoopback() && !bind.IsUnspecified() {
		hostname = bind.String()
	}
	return hostname, 0
}

// SyncWarning says what keeps other machines from joining, "" if nothing is known to.
func (c *Config) SyncWarning(listener net.IP) string {
	bind := c.SyncBindIP(listener)
	hostname, _ := c.SyncAdvertised(listener)
	switch {
	case !bind.IsLoopback() && isLoopback(hostname):
		return fmt.Sprintf("data sync listens on %s and tells other nodes to connect to %s, which is this machine only: nodes elsewhere cannot join, set Gossip_AdvertiseAddr or ResponseHost to an address of this node that they reach", bind, hostname)
	case bind.IsLoopback() && !isLoopback(hostname):
		return fmt.Sprintf("data sync listens on %s, which is this machine only, and tells other nodes to connect to %s: unless something forwards that here, set Gossip_BindAddr or Host to an address that they reach", bind, hostname)
	}
	return ""
}

func isLoopback(hostname string) bool {
	ip := net.ParseIP(hostname)
	return hostname == "localhost" || ip != nil && ip.IsLoopback()
}
