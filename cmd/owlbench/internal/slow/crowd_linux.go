package slow

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"owlcache/cmd/owlbench/internal/cpu"
)

const (
	crowdTick = 10 * time.Millisecond // how often some of those that drip do so
	crowdDrip = 2 * time.Second
)

// crowd is slow clients, which one thread drives. They never read.
type crowd struct {
	clients []int // sockets; all kinds are in turns
	stop    chan struct{}
	ended   chan struct{}
	err     error // read after ended
}

// startCrowd opens connections of all kinds in turns, to the addresses of HTTP and of the
// line protocol. It returns when all are open.
func startCrowd(ctx context.Context, kinds []clientKind, n int, http, tcp string, core int) (*crowd, error) {
	c := &crowd{stop: make(chan struct{}), ended: make(chan struct{})}
	open := make(chan struct{})
	go func() {
		defer close(c.ended)
		c.err = cpu.Run(core, func() error { return c.run(kinds, n, http, tcp, open) })
		for _, fd := range c.clients {
			_ = unix.Close(fd) // nothing is lost with it
		}
	}()
	select {
	case <-open:
		return c, nil
	case <-c.ended:
		return nil, c.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), c.end())
	}
}

// end closes all connections. It returns why it ended before, if it did.
func (c *crowd) end() error {
	close(c.stop)
	<-c.ended
	return c.err
}

// run connects all clients, and then lets some of them drip at each tick.
func (c *crowd) run(kinds []clientKind, n int, http, tcp string, open chan struct{}) error {
	for i := range n {
		kind, addr := kinds[i%len(kinds)], http
		if kind.tcp {
			addr = tcp
		}
		fd, err := connect(addr, kind.first)
		if err != nil {
			return fmt.Errorf("client %d, %s: %w", i, kind.name, err)
		}
		c.clients = append(c.clients, fd)
		select {
		case <-c.stop:
			return nil
		default:
		}
	}
	close(open)
	tick := time.NewTicker(crowdTick)
	defer tick.Stop()
	share := min(n*int(crowdTick)/int(crowdDrip)+1, n)
	for next := 0; ; {
		select {
		case <-c.stop:
			return nil
		case <-tick.C:
		}
		for range share {
			_, _ = unix.Write(c.clients[next], []byte(kinds[next%len(kinds)].drip)) // the node may have closed it
			next = (next + 1) % n
		}
	}
}

// connect opens a connection and says first over it. Small packets and a small buffer keep
// what the system holds for a client that does not read as small as on a network.
func connect(addr, first string) (int, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400),
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}))
	if err == nil {
		_, err = unix.Write(fd, []byte(first))
	}
	if err = errors.Join(err, unix.SetNonblock(fd, true)); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}
