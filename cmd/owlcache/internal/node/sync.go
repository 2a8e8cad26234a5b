package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"owlcache/api"
	"owlcache/api/classic"
	"owlcache/api/status"
	"owlcache/cluster"
	"owlcache/cluster/gossip"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// leaveTime is how long sending what is queued and leaving the sync group may take.
const leaveTime = 8 * time.Second

// syncNode is the node's data sync. Its methods may be called after Close, too.
type syncNode interface {
	api.Sync
	Address() string
	Join(address string)
	Forget(address string)
	Close(ctx context.Context) error
}

func (s *Server) openSync(context.Context) error {
	if !s.config.Sync.On {
		return nil
	}
	node, err := s.startSync()
	if err != nil {
		return fmt.Errorf("starting data sync: %w", err)
	}
	s.sync = node
	s.api.SetSync(node)
	return nil
}

// startSync starts data sync. It does not wait for other nodes.
func (s *Server) startSync() (syncNode, error) {
	o, err := gossipOptions(s.config, s.listenIP())
	if err != nil {
		return nil, err
	}
	o.Store = s.store
	o.PeersFile = s.dir.File(datadir.PeersFile)
	o.Seeds = s.lists.Gossip
	o.Logger = s.logs.About("sync")
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

// closeSync leaves the sync group. s.sync stays: requests in flight may ask it.
func (s *Server) closeSync() error {
	if s.sync == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	if err := s.sync.Close(ctx); err != nil {
		return fmt.Errorf("leaving the sync group: %w", err)
	}
	return nil
}

// checkSyncPort finds out, before a long load, whether the port of data sync is free.
func (s *Server) checkSyncPort(ctx context.Context) error {
	port := s.config.Sync.Port
	if !s.config.Sync.On || port == 0 {
		return nil
	}
	ip := s.config.SyncBindIP(s.listenIP())
	addr := net.JoinHostPort(ip.String(), strconv.Itoa(port))
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp"+family(ip), addr)
	if err == nil {
		var packets net.PacketConn
		if packets, err = lc.ListenPacket(ctx, "udp"+family(ip), addr); err == nil {
			err = packets.Close()
		}
		err = errors.Join(err, ln.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot listen on %s (options Gossip_BindAddr and Gossipport): %w", addr, err)
	}
	return nil
}

// listenIP returns the address that the HTTP server listens on.
func (s *Server) listenIP() net.IP { return s.ln.Addr().(*net.TCPAddr).IP }

// gossipList is the list of the gossip group. What is changed over HTTP reaches data
// sync at once, as soon as the file has it.
type gossipList struct {
	memberList
	sync func() syncNode // nil is returned while data sync is off
}

func (l gossipList) Add(address string) (member string, isNew bool, err error) {
	member, isNew, err = l.memberList.Add(address)
	if node := l.sync(); err == nil && node != nil {
		node.Join(member)
	}
	return member, isNew, err
}

// Remove removes a member, also one that is in no list because it has joined by itself.
func (l gossipList) Remove(address string) (member string, err error) {
	member, err = l.memberList.Remove(address)
	node := l.sync()
	if node == nil {
		return member, err
	}
	if errors.Is(err, classic.ErrUnknownMember) {
		peer, noAddress := cluster.ParseAddress(address)
		if noAddress != nil || !knowsPeer(node, peer) {
			return "", err
		}
		member, err = peer, nil
	}
	if err == nil {
		node.Forget(member)
	}
	return member, err
}

func knowsPeer(node syncNode, address string) bool {
	return slices.ContainsFunc(node.Status().Peers, func(p status.Peer) bool { return p.Address == address })
}

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
