package gossip

import (
	"log/slog"
	"time"

	"github.com/hashicorp/memberlist"
)

// groupOptions of membership. All but Seeds, AcceptKeys and Tune are required.
type groupOptions struct {
	ID      uint64
	AuthKey string
	// AcceptKeys are further secrets with which frames are read, never written.
	AcceptKeys []string
	Seeds      seedSource // nil = wait to be found
	File       *peersFile
	Port       portOptions
	WAN        bool          // memberlist's times for a network of that kind
	Interval   time.Duration // between two exchanges of states
	Quiet      time.Duration // after leaving, until all members know of it
	Logger     *slog.Logger
	Tune       func(*memberlist.Config) // for tests
}

// seedSource has the addresses (HOST:PORT) at which a node looks for its group.
type seedSource interface {
	// Addresses returns the seeds of now; the slice is not changed.
	Addresses() []string
}

// receiver is told of the group. None of its methods waits for long.
type receiver interface {
	receive(msg []byte)  // a message or a state of a peer; the callee owns it
	localState() []byte  // for memberlist's push/pull
	joined(peer uint64)  // alive (again)
	left(peer uint64)    // not alive any more
	doubted(peer uint64) // did not answer for a while, and does again
}
