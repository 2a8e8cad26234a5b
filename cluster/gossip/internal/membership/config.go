package membership

import (
	"log/slog"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// delegateVersion is the version of what owlcache sends within memberlist's frames. It
// only grows when nodes of both versions cannot be in one group.
const delegateVersion = 1

// config returns the settings of a membership.
func config(o Options, keys *memberlist.Keyring, t memberlist.Transport, d *delegate, bridge *logBridge) *memberlist.Config {
	c := memberlist.DefaultLANConfig()
	if o.WAN {
		c = memberlist.DefaultWANConfig()
	}
	c.Name, c.Label, c.Keyring, c.Transport = wire.Name(o.ID), transport.Label, keys, t
	c.GossipVerifyIncoming, c.GossipVerifyOutgoing = true, true
	c.EnableCompression = false // values are of all kinds, and LZW is slow
	c.TCPTimeout = o.Port.Stream
	c.PushPullInterval = o.Interval
	// A node that comes back under another address takes its name along as soon as it is
	// known that nobody has it at the old address.
	c.DeadNodeReclaimTime = time.Second
	c.DelegateProtocolVersion, c.DelegateProtocolMin, c.DelegateProtocolMax = delegateVersion, delegateVersion, delegateVersion
	c.Delegate, c.Events, c.Ping, c.Alive = d, d, d, d
	c.BindAddr, c.BindPort = o.Port.BindAddr, o.Port.BindPort
	c.AdvertiseAddr, c.AdvertisePort = o.Port.AdvertiseAddr, o.Port.AdvertisePort
	c.Logger = slog.NewLogLogger(bridge, slog.LevelInfo)
	if o.Tune != nil {
		o.Tune(c)
	}
	return c
}
