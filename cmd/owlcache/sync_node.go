package main

import (
	"net"

	"owlcache/api"
	"owlcache/cluster"
	"owlcache/cluster/gossip"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// startSync starts data sync. It does not wait for other nodes.
func (s *server) startSync() (syncNode, error) {
	o, err := s.config.gossipOptions(s.listenIP())
	if err != nil {
		return nil, err
	}
	o.Store = s.store
	o.PeersFile = s.dir.File(datadir.PeersFile)
	o.Seeds = seeds{s.lists.Gossip}
	o.Logger = s.logs.With(concernAttr, "sync")
	node, err := gossip.Start(o)
	if err != nil {
		return nil, err
	}
	return apiSync{node}, nil
}

// gossipOptions returns what the configuration says about data sync. listener is the IP
// address that the HTTP server listens on.
func (c *config) gossipOptions(listener net.IP) (gossip.Options, error) {
	key, err := c.syncKey()
	if err != nil {
		return gossip.Options{}, term.Usage(err)
	}
	o := gossip.Options{
		AuthKey:    key,
		AcceptKeys: c.acceptedKeys(),
		BindAddr:   c.syncBindIP(listener).String(),
		BindPort:   int(c.int("Gossipport")),
		Preset:     gossip.Preset(c.text("Gossip_Network")),
		Grace:      c.duration("Tombstone_Grace"),
		QueueBytes: c.int("Gossip_QueueSize"),
	}
	o.AdvertiseAddr, o.AdvertisePort = c.syncAdvertised(listener)
	return o, nil
}

// seeds is the list of the gossip group as data sync wants it.
type seeds struct{ *cluster.List }

func (s seeds) Addresses() []string { return s.Members() }

// apiSync is a gossip.Node as api wants it.
type apiSync struct{ *gossip.Node }

func (n apiSync) Status() api.SyncStatus {
	known := n.Node.Status()
	st := api.SyncStatus{
		Node: known.Node, Address: known.Address, Synced: known.Synced, LastMatch: known.LastMatch, Removed: known.Removed,
		InboxBytes: known.InboxBytes, Counters: api.SyncCounters(known.Counters),
	}
	for _, p := range known.Peers {
		st.Peers = append(st.Peers, api.SyncPeer{
			Node: p.Node, Address: p.Address, State: string(p.State), Since: p.Since, LastMatch: p.LastMatch, Skew: p.Skew,
			TCPOnly: p.TCPOnly, Queue: p.Queue, Pushed: p.Pushed, Dropped: p.Dropped, Sent: p.Sent, LastError: p.LastError,
		})
	}
	return st
}
