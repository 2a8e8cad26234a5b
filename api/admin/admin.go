package admin

import (
	"context"
	"fmt"
	"io"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/status"
	"owlcache/engine"
)

// Options of a Server.
type Options struct {
	// Backup writes a backup of the node's data, without its secrets, to w; nil: there is
	// none to be had. It returns soon when ctx ends or w fails.
	Backup    func(ctx context.Context, w io.Writer) error
	Seeds     interface{ Members() []string } // of the gossip group; nil: this node has none
	GroupMode string                          // how the members of the owlcache group are asked
}

// Server serves /admin/.
type Server struct {
	node    *node.Node
	opts    Options
	backups chan struct{} // holds one for each backup that is being made
	lists   chan struct{} // holds one for each list of entries that is being sent
}

// New makes a server.
func New(n *node.Node, opts Options) *Server {
	return &Server{node: n, opts: opts, backups: make(chan struct{}, maxBackups), lists: make(chan struct{}, maxLists)}
}

// ServeGroup serves /admin/group.
func (s *Server) ServeGroup(x *exchange.Exchange, _ node.Store) {
	answer := status.Groups{Mode: s.opts.GroupMode, Owlcache: []status.Member{}, Gossip: []string{}}
	if g := s.node.Group.Get(); g != nil {
		answer.Owlcache = append(answer.Owlcache, g.Status()...)
	}
	if s.opts.Seeds != nil {
		answer.Gossip = append(answer.Gossip, s.opts.Seeds.Members()...)
	}
	x.JSON(answer)
}

// ServeCluster serves /admin/cluster.
func (s *Server) ServeCluster(x *exchange.Exchange, _ node.Store) {
	sync := s.node.Sync.Get()
	if sync == nil {
		x.JSON(map[string]bool{"data_sync": false})
		return
	}
	st := sync.Status()
	st.DataSync = true
	if st.Peers == nil {
		st.Peers = []status.Peer{}
	}
	x.JSON(st)
}

// ServeDigest serves /admin/cluster/digest: stores of equal digests hold the same.
func (s *Server) ServeDigest(x *exchange.Exchange, store node.Store) {
	var digest engine.Digest
	store.Digest(&digest)
	stats := store.Stats()
	answer := status.Digest{Node: fmt.Sprintf("%016x", store.NodeID()), Entries: stats.Keys + stats.Tombstones, Buckets: make([]string, engine.Buckets)}
	for i, v := range digest {
		answer.Buckets[i] = fmt.Sprintf("%016x", v)
	}
	x.JSON(answer)
}
