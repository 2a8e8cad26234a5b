package gossip

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/engine"
)

// Store is what data sync needs of the store; *engine.Store has it.
type Store interface {
	NodeID() uint64
	Subscribe(maxBytes int64) *engine.Subscription
	Applied() uint64
	Recovered() engine.Recovered
	LSN() uint64
	Digest(d *engine.Digest)
	Items(dst []engine.Item, ranges []engine.HashRange) []engine.Item
	Entries(hashes []uint64, f func(e *engine.Entry) bool)
	Merge(entries []engine.Entry) (engine.Merged, error)
	Forget(items []engine.Item) (dropped int, err error)
}

// Seeds are the addresses (HOST:PORT) at which a node looks for its group.
type Seeds interface {
	// Addresses returns the seeds of now; the slice is not changed.
	Addresses() []string
}

// Preset is a set of times for a kind of network.
type Preset string

// The presets.
const (
	LAN Preset = "LAN"
	WAN Preset = "WAN"
)

// MinAuthKey is the least length of Options.AuthKey in bytes.
const MinAuthKey = 16

// Options of a node's data sync. The zero value of a field is its default, unless it is
// called required.
type Options struct {
	Store Store // required
	// PeersFile is the path of the file in which members last seen are kept; required.
	PeersFile string
	// AuthKey is the secret that all members share, at least MinAuthKey bytes; required.
	AuthKey string
	// AcceptKeys are further secrets with which frames are read, never written: for a
	// change of the key without a gap.
	AcceptKeys []string
	// Seeds is where to look for the group; nil = wait to be found.
	Seeds Seeds

	// BindAddr is the IP address, or a name that has one, to listen on for TCP and UDP;
	// default 127.0.0.1.
	BindAddr string
	// BindPort is the port of both; 0 = a free one.
	BindPort int
	// AdvertiseAddr (an IP address, or a name that has one at the start) and AdvertisePort
	// are what others connect to; default: what is listened on, or with 0.0.0.0 a private
	// address of this machine.
	AdvertiseAddr string
	AdvertisePort int
	// Preset is LAN (default) or WAN.
	Preset Preset

	// Grace is how long the store keeps tombstones; default one hour.
	Grace time.Duration
	// QueueBytes bounds what waits to be pushed to one peer; default 64 MiB.
	QueueBytes int64
	// InboxBytes bounds what has arrived and is not yet merged; default 64 MiB.
	InboxBytes int64
	// Interval is the mean time between two comparisons with a peer; default 10 s, with
	// the preset WAN 30 s.
	Interval time.Duration

	// Logger is told of changes of state; default: nobody.
	Logger *slog.Logger
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
	setDefault(&o.BindAddr, "127.0.0.1")
	setDefault(&o.Preset, LAN)
	setDefault(&o.Grace, time.Hour)
	setDefault(&o.QueueBytes, 64<<20)
	setDefault(&o.InboxBytes, 64<<20)
	if o.Preset == WAN {
		setDefault(&o.Interval, 30*time.Second)
	}
	setDefault(&o.Interval, 10*time.Second)
	if o.Preset != LAN && o.Preset != WAN {
		return o, fmt.Errorf("gossip: preset %q: want %s or %s", o.Preset, LAN, WAN)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
