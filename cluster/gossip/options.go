package gossip

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/membership"
	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/replicate"
	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// Preset is a set of times for a kind of network.
type Preset string

// The presets.
const (
	LAN Preset = "LAN"
	WAN Preset = "WAN"
)

// times are those of a preset.
type times struct {
	interval time.Duration // between two comparisons with a peer
	patience time.Duration // for the next message of a peer in an exchange
	dial     time.Duration // to connect
	stream   time.Duration // for all use of a connection
	quiet    time.Duration // after leaving, until all members know of it
}

func (p Preset) times() times {
	if p == WAN {
		return times{interval: 30 * time.Second, patience: 20 * time.Second, dial: 10 * time.Second, stream: 30 * time.Second, quiet: 10 * time.Second}
	}
	return times{interval: 10 * time.Second, patience: 5 * time.Second, dial: 3 * time.Second, stream: 10 * time.Second, quiet: 3 * time.Second}
}

// MinAuthKey is the least length of Options.AuthKey in bytes.
const MinAuthKey = 16

// Options of a node's data sync. The zero value of a field is its default, unless it is
// called required.
type Options struct {
	Store     replicate.Store // required; *engine.Store is one
	PeersFile string          // path of the file in which members last seen are kept; required
	// AuthKey is the secret that all members share, at least MinAuthKey bytes; required.
	AuthKey string
	// AcceptKeys are further secrets with which frames are read, never written: for a
	// change of the key without a gap.
	AcceptKeys []string
	Seeds      membership.Seeds // where to look for the group; nil = wait to be found

	// BindAddr is the IP address, or a name that has one, to listen on for TCP and UDP;
	// default 127.0.0.1.
	BindAddr string
	BindPort int // 0 = a free one
	// AdvertiseAddr (an IP address, or a name that has one at the start) and AdvertisePort
	// are what others connect to; default: what is listened on, or with 0.0.0.0 a private
	// address of this machine.
	AdvertiseAddr string
	AdvertisePort int
	Preset        Preset // LAN (default) or WAN

	Grace      time.Duration // how long the store keeps tombstones; default one hour
	QueueBytes int64         // bounds what waits to be pushed to one peer; default 64 MiB
	InboxBytes int64         // bounds what has arrived and is not yet merged; default 64 MiB
	Interval   time.Duration // mean, between two comparisons with a peer; default 10 s, with WAN 30 s

	Logger *slog.Logger // is told of changes of state; default: nobody
	// Transport replaces the network, for tests. Dialling and sending packets must not wait
	// for ever, also when the other node has been closed.
	Transport memberlist.NodeAwareTransport

	tune func(*memberlist.Config) // for tests
}

func (o Options) withDefaults() (Options, error) {
	if o.Store == nil || o.PeersFile == "" {
		return o, errors.New("gossip: no store or no path for the file of peers")
	}
	for _, key := range append([]string{o.AuthKey}, o.AcceptKeys...) {
		if len(key) < MinAuthKey {
			return o, fmt.Errorf("gossip: a key of data sync has %d characters: want at least %d", len(key), MinAuthKey)
		}
	}
	o.BindAddr = cmp.Or(o.BindAddr, "127.0.0.1")
	o.Preset = cmp.Or(o.Preset, LAN)
	if o.Preset != LAN && o.Preset != WAN {
		return o, fmt.Errorf("gossip: preset %q: want %s or %s", o.Preset, LAN, WAN)
	}
	o.Grace = cmp.Or(o.Grace, time.Hour)
	o.QueueBytes = cmp.Or(o.QueueBytes, 64<<20)
	o.InboxBytes = cmp.Or(o.InboxBytes, 64<<20)
	o.Interval = cmp.Or(o.Interval, o.Preset.times().interval)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return o, nil
}

func (o Options) group(file *peers.File) membership.Options {
	t := o.Preset.times()
	return membership.Options{
		ID: o.Store.NodeID(), AuthKey: o.AuthKey, AcceptKeys: o.AcceptKeys, Seeds: o.Seeds, File: file,
		Port: transport.Options{
			BindAddr: o.BindAddr, BindPort: o.BindPort, AdvertiseAddr: o.AdvertiseAddr, AdvertisePort: o.AdvertisePort,
			Dial: t.dial, Stream: t.stream, Transport: o.Transport, Logger: o.Logger,
		},
		WAN: o.Preset == WAN, Interval: o.Interval, Quiet: t.quiet, Logger: o.Logger, Tune: o.tune,
	}
}

func (o Options) sync(seen []wire.NodeSpan) replicate.Options {
	return replicate.Options{
		Store: o.Store, Seen: seen, Grace: o.Grace, QueueBytes: o.QueueBytes, InboxBytes: o.InboxBytes,
		Interval: o.Interval, Patience: o.Preset.times().patience, Logger: o.Logger,
	}
}
