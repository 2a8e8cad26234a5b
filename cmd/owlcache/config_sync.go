package main

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
func (c *config) checkSync() []error {
	if !c.on("GroupDataSync") {
		return nil
	}
	var errs []error
	key, file := c.get("GossipDataSyncAuthKey"), c.get("GossipDataSyncAuthKey_File")
	if key.value == "" && file.value == "" {
		errs = append(errs, mistakef(c.get("GroupDataSync").origin,
			"GroupDataSync 1: it needs GossipDataSyncAuthKey, a secret of at least %d characters that all nodes of the group share", minSyncKey))
	}
	if err := checkSyncKey(key.value); key.value != "" && err != nil {
		errs = append(errs, mistakef(key.origin, "GossipDataSyncAuthKey: %w", err))
	}
	for _, accepted := range c.acceptedKeys() {
		if err := checkSyncKey(accepted); err != nil {
			errs = append(errs, mistakef(c.get("Gossip_AcceptKeys").origin, "Gossip_AcceptKeys: %w in each, separated by |", err))
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

// syncKey returns the secret of data sync.
func (c *config) syncKey() (string, error) {
	if c.text("GossipDataSyncAuthKey_File") != "" {
		return c.secretFromFile("GossipDataSyncAuthKey_File", checkSyncKey)
	}
	return c.text("GossipDataSyncAuthKey"), nil
}

func (c *config) acceptedKeys() []string {
	if s := c.text("Gossip_AcceptKeys"); s != "" {
		return strings.Split(s, "|")
	}
	return nil
}

// syncBindIP returns the address that data sync listens on.
func (c *config) syncBindIP(listener net.IP) net.IP {
	if s := c.text("Gossip_BindAddr"); s != "" {
		return net.ParseIP(bareHost(s))
	}
	return listener
}

// syncAdvertised returns where other nodes find this one; port 0 is the one that is
// listened on. ResponseHost is a loopback address by default: where data sync listens on
// one particular address elsewhere, that is meant.
func (c *config) syncAdvertised(listener net.IP) (hostname string, port int) {
	if s := c.text("Gossip_AdvertiseAddr"); s != "" {
		hostname, port, _ = splitHostPort(s) // checked when it was read
		return hostname, port
	}
	hostname = bareHost(c.text("ResponseHost"))
	if bind := c.syncBindIP(listener); isLoopback(hostname) && !bind.IsLoopback() && !bind.IsUnspecified() {
		hostname = bind.String()
	}
	return hostname, 0
}

// syncWarning says what keeps other machines from joining, "" if nothing is known to.
func (c *config) syncWarning(listener net.IP) string {
	bind := c.syncBindIP(listener)
	hostname, _ := c.syncAdvertised(listener)
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
