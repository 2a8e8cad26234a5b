package gossip

import (
	"log/slog"
	"time"

	"github.com/hashicorp/memberlist"
)

// delegateVersion is the version of what owlcache sends within memberlist's frames. It
// only grows when nodes of both versions cannot be in one group.
const delegateVersion = 1

// times are those of a preset that memberlist does not have.
type times struct {
	dial   time.Duration // to connect
	stream time.Duration // for all use of a connection
	quiet  time.Duration // after leaving, until all members know of it
}

func timesOf(p Preset) times {
	if p == WAN {
		return times{dial: 10 * time.Second, stream: 30 * time.Second, quiet: 10 * time.Second}
	}
	return times{dial: 3 * time.Second, stream: 10 * time.Second, quiet: 3 * time.Second}
}

// memberConfig returns the settings of a membership.
func memberConfig(o Options, name string, t times, keys *memberlist.Keyring, v *view, d *delegate, bridge *logBridge) *memberlist.Config {
	c := memberlist.DefaultLANConfig()
	if o.Preset == WAN {
		c = memberlist.DefaultWANConfig()
	}
	c.Name, c.Label, c.Keyring, c.Transport = name, frameLabel, keys, v
	c.GossipVerifyIncoming, c.GossipVerifyOutgoing = true, true
	c.EnableCompression = false // values are of all kinds, and LZW is slow
	c.TCPTimeout = t.stream
	c.PushPullInterval = o.Interval
	// A node that comes back under another address takes its name along as soon as it is
	// known that nobody has it at the old address.
	c.DeadNodeReclaimTime = time.Second
	c.DelegateProtocolVersion, c.DelegateProtocolMin, c.DelegateProtocolMax = delegateVersion, delegateVersion, delegateVersion
	c.Delegate, c.Events, c.Ping, c.Alive = d, d, d, d
	c.BindAddr, c.BindPort = o.BindAddr, o.BindPort
	c.AdvertiseAddr, c.AdvertisePort = o.AdvertiseAddr, o.AdvertisePort
	c.Logger = slog.NewLogLogger(bridge, slog.LevelInfo)
	if o.tune != nil {
		o.tune(c)
	}
	return c
}
