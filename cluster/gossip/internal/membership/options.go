package membership

import (
	"log/slog"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// Options of membership. All but Seeds, AcceptKeys and Tune are required.
type Options struct {
	ID      uint64
	AuthKey string
	// AcceptKeys are further secrets with which frames are read, never written.
	AcceptKeys []string
	Seeds      Seeds // nil = wait to be found
	File       *peers.File
	Port       transport.Options
	WAN        bool          // memberlist's times for a network of that kind
	Interval   time.Duration // between two exchanges of states
	Quiet      time.Duration // after leaving, until all members know of it
	Logger     *slog.Logger
	Tune       func(*memberlist.Config) // for tests
}

// Seeds has the addresses (HOST:PORT) at which a node looks for its group.
type Seeds interface {
	// Members returns the seeds of now; the slice is not changed.
	Members() []string
}

// Receiver is told of the group. None of its methods waits for long.
type Receiver interface {
	Receive(msg []byte)  // a message or a state of a peer; the callee owns it
	LocalState() []byte  // for memberlist's push/pull
	Joined(peer uint64)  // alive (again)
	Left(peer uint64)    // not alive any more
	Doubted(peer uint64) // did not answer for a while, and does again
}

// delegateVersion only grows when nodes of both versions cannot be in one group.
const delegateVersion = 1

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
