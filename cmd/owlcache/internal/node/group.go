package node

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"owlcache/api"
	"owlcache/api/status"
	"owlcache/cluster"
	"owlcache/cluster/group"
	"owlcache/cluster/group/ask"
	"owlcache/cmd/owlcache/internal/config"
)

func (s *Server) openGroup(context.Context) error {
	o, err := groupOptions(s.config)
	if err != nil {
		return err
	}
	addr := s.ln.Addr().(*net.TCPAddr)
	o.Members = s.lists.Owlcache
	o.Store = s.store
	o.Logger = s.logs.About("group")
	o.Self = selfAddresses(s.config.Listen.ResponseHost, s.config.Listen.Host, addr, ownAddresses(addr))
	g, err := group.New(o)
	if err != nil {
		return fmt.Errorf("starting the group: %w", err)
	}
	s.group = g
	s.api.SetGroup(apiGroup{g})
	return nil
}

// groupOptions returns what the configuration says about asking members. Those that
// belong to the running server are for the caller to add.
func groupOptions(c *config.Config) (o group.Options, err error) {
	o = group.Options{
		CacheLifetime: cmp.Or(c.Group.CacheLifetime, -1), // 0 is the default there, and off here
		CacheBytes:    c.Group.CacheSize,
		Options: ask.Options{
			RequestTimeout: c.Group.Timeout,
			MaxValueSize:   c.Storage.MaxValueSize,
			WriteWait:      c.Group.WriteWait,
			MaxMessageSize: c.Group.MaxMessageSize,
			MinReconnect:   c.Group.MinReconnect,
			MaxReconnect:   c.Group.MaxReconnect,
			MessageBuffer:  c.Group.MessageBuffer,
		},
	}
	if c.Group.Mode == "Websocket" {
		o.Mode = group.WebSocket
	}
	if c.Group.HTTPS {
		o.TLS, err = c.HTTPS.ClientTLS()
	}
	return o, err
}

// selfAddresses returns the addresses by which the list may name this node, each once; the one that
// answers name as ResponseHost comes first. own are the hosts under which the listener is reached.
func selfAddresses(responseHost, host string, listener *net.TCPAddr, own []string) []string {
	var self []string
	reached := append([]string{host, listener.IP.String()}, own...)
	// The default is a loopback address, which is another node where this one does not listen there.
	if ip := net.ParseIP(config.BareHost(responseHost)); ip == nil || !ip.IsLoopback() || slices.Contains(reached, ip.String()) {
		reached = append([]string{responseHost}, reached...)
	}
	for _, h := range reached {
		a, err := cluster.ParseAddress(net.JoinHostPort(config.BareHost(h), fmt.Sprint(listener.Port)))
		if err == nil && !slices.Contains(self, a) { // what is no address is in no list
			self = append(self, a)
		}
	}
	return self
}

// ownAddresses returns the hosts, besides its own, under which this machine reaches
// listener: on a particular address other programs may have the same port elsewhere.
func ownAddresses(listener *net.TCPAddr) []string {
	ip := listener.IP
	switch {
	case ip.Equal(net.IPv4(127, 0, 0, 1)), ip.Equal(net.IPv6loopback):
		return []string{"localhost"}
	case !ip.IsUnspecified():
		return nil
	}
	own := []string{"localhost", "127.0.0.1", "0.0.0.0"}
	wide := ip.To4() == nil // it takes IPv6 and IPv4
	if wide {
		own = append(own, "::1", "::")
	}
	if name, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(name, ".")
		own = append(own, name, short)
	}
	addrs, _ := net.InterfaceAddrs() // without them the others have to do
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && (wide || n.IP.To4() != nil) {
			own = append(own, n.IP.String())
		}
	}
	return own
}

// apiGroup is a group.Group as api wants it.
type apiGroup struct{ *group.Group }

func (g apiGroup) Query(ctx context.Context, key []byte, target string) ([]api.GroupAnswer, api.GroupReach) {
	found, reach := g.Group.Query(ctx, key, target)
	answers := make([]api.GroupAnswer, len(found))
	for i, a := range found {
		answers[i] = api.GroupAnswer(a)
	}
	return answers, api.GroupReach(reach)
}

func (g apiGroup) Newest(ctx context.Context, dst, key []byte, target string) ([]byte, time.Time, api.GroupReach, bool) {
	value, created, reach, ok := g.Group.Newest(ctx, dst, key, target)
	return value, created, api.GroupReach(reach), ok
}

func (g apiGroup) Status() []status.Member {
	known := g.Group.Status()
	members := make([]status.Member, len(known))
	for i, m := range known {
		members[i] = status.Member{
			Address: m.Address, Self: m.Self, State: m.State, LastContact: status.At(m.LastContact), LastError: m.LastError,
			Requests: m.Requests, Errors: m.Errors, CacheHits: m.CacheHits, Latency: status.LatencyOf(m.Latency),
		}
	}
	return members
}
