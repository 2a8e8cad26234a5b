package node

import (
	"net"

	"owlcache/api/status"
	"owlcache/cluster"
	"owlcache/cluster/gossip"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// startSync starts data sync. It does not wait for other nodes.
func (s *Server) startSync() (syncNode, error) {
	o, err := gossipOptions(s.config, s.listenIP())
	if err != nil {
		return nil, err
	}
	o.Store = s.store
	o.PeersFile = s.dir.File(datadir.PeersFile)
	o.Seeds = seeds{s.lists.Gossip}
	o.Logger = s.logs.With(logs.Concern, "sync")
	node, err := gossip.Start(o)
	if err != nil {
		return nil, err
	}
	return apiSync{node}, nil
}

// gossipOptions returns what the configuration says about data sync. listener is the IP
// address that the HTTP server listens on.
func gossipOptions(c *config.Config, listener net.IP) (gossip.Options, error) {
	key, err := c.SyncKey()
	if err != nil {
		return gossip.Options{}, term.Usage(err)
	}
	advertised := c.SyncAdvertised(listener)
	return gossip.Options{
		AuthKey:       key,
		AcceptKeys:    c.Sync.AcceptKeys,
		BindAddr:      c.SyncBindIP(listener).String(),
		BindPort:      c.Sync.Port,
		AdvertiseAddr: advertised.Host,
		AdvertisePort: advertised.Port,
		Preset:        gossip.Preset(c.Sync.Network),
		Grace:         c.Storage.TombstoneGrace,
		QueueBytes:    c.Sync.QueueSize,
	}, nil
}

// seeds is the list of the gossip group as data sync wants it.
type seeds struct{ *cluster.List }

func (s seeds) Addresses() []string { return s.Members() }

// apiSync is a gossip.Node as api wants it.
type apiSync struct{ *gossip.Node }

func (n apiSync) Status() status.Sync {
	known := n.Node.Status()
	st := status.Sync{
		Node: known.Node, Address: known.Address, Synced: known.Synced, LastMatch: status.At(known.LastMatch), Removed: known.Removed,
		InboxBytes: known.InboxBytes, Counters: status.Counters(known.Counters),
	}
	for _, p := range known.Peers {
		st.Peers = append(st.Peers, status.Peer{
			Node: p.Node, Address: p.Address, State: string(p.State), Since: status.At(p.Since), LastMatch: status.At(p.LastMatch),
			Skew: status.Millis(p.Skew), TCPOnly: p.TCPOnly, QueueBytes: p.Queue,
			Pushed: p.Pushed, Dropped: p.Dropped, Sent: p.Sent, LastError: p.LastError,
		})
	}
	return st
}
