package slow

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"owlcache/cmd/owlbench/internal/cpu"
)

const (
	crowdPending = 256                   // connections that are being opened at once
	crowdTick    = 10 * time.Millisecond // how often some of those that drip do so
	crowdDrip    = 2 * time.Second
)

// crowd is slow clients, which one thread drives through epoll.
type crowd struct {
	clients []slowClient
	epoll   int
	pending int // connections that are being opened
	next    int // client to connect
	dripped int // client that drips next
	gone    atomic.Int64

	open  chan struct{} // closed when all are connected
	stop  chan struct{}
	ended chan struct{}
	err   error // read after ended
}

// slowClient is one connection.
type slowClient struct {
	kind      *clientKind
	port      int
	fd        int // -1: none, or none any more
	connected bool
}

// startCrowd opens connections of all kinds in turns. ports are those of HTTP and of the
// line protocol. It returns when all are open.
func startCrowd(ctx context.Context, kinds []clientKind, n int, http, tcp int, core int) (*crowd, error) {
	c := &crowd{clients: make([]slowClient, n), open: make(chan struct{}), stop: make(chan struct{}), ended: make(chan struct{})}
	for i := range c.clients {
		kind := &kinds[i%len(kinds)]
		c.clients[i] = slowClient{kind: kind, port: http, fd: -1}
		if kind.tcp {
			c.clients[i].port = tcp
		}
	}
	var err error
	if c.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	go c.drive(core)
	select {
	case <-c.open:
		return c, nil
	case <-c.ended:
		return nil, c.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), c.end())
	}
}

// end closes all connections and returns why it ended before, if it did.
func (c *crowd) end() error {
	close(c.stop)
	<-c.ended
	return c.err
}

// closed returns how many connections the node has ended, as far as the clients can tell:
// who reads nothing does not see it.
func (c *crowd) closed() int { return int(c.gone.Load()) }

// drive is the thread.
func (c *crowd) drive(core int) {
	defer close(c.ended)
	// Never unlocked, so that the thread and its CPU set end with the goroutine.
	runtime.LockOSThread()
	if c.err = cpu.PinThread(core); c.err == nil {
		c.err = c.run()
	}
	for i := range c.clients {
		c.hangUp(i)
	}
	_ = unix.Close(c.epoll) // nothing is lost with it
}

func (c *crowd) run() error {
	events := make([]unix.EpollEvent, 512)
	tick := time.Now()
	for {
		select {
		case <-c.stop:
			return nil
		default:
		}
		for c.pending < crowdPending && c.next < len(c.clients) {
			if err := c.connect(c.next); err != nil {
				return err
			}
			c.next++
		}
		n, err := unix.EpollWait(c.epoll, events, int(crowdTick.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("epoll: %w", err)
		}
		for _, event := range events[:max(n, 0)] {
			if err := c.handle(int(event.Fd), event.Events); err != nil {
				return err
			}
		}
		if now := time.Now(); now.Sub(tick) >= crowdTick {
			tick = now
			c.drip()
		}
	}
}

// connect begins to open the connection of client i. Small packets and a small buffer keep
// what the system holds for a client that does not read as small as on a network.
func (c *crowd) connect(i int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("client %d: %w", i, err)
	}
	client := &c.clients[i]
	client.fd = fd
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400),
		unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: int32(i)}))
	if err != nil {
		return fmt.Errorf("client %d: %w", i, err)
	}
	c.pending++
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: client.port, Addr: [4]byte{127, 0, 0, 1}})
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return fmt.Errorf("client %d: connect: %w", i, err)
	}
	return nil
}

// handle takes an event of client i: it is connected, or the node has ended it.
func (c *crowd) handle(i int, events uint32) error {
	client := &c.clients[i]
	if client.connected {
		if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			c.gone.Add(1)
			c.hangUp(i)
		}
		return nil
	}
	code, err := unix.GetsockoptInt(client.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err != nil {
		return fmt.Errorf("client %d, %s: connect: %w", i, client.kind.name, err)
	}
	client.connected = true
	if c.pending--; c.pending == 0 && c.next == len(c.clients) {
		close(c.open)
	}
	if _, err := unix.Write(client.fd, []byte(client.kind.first)); err != nil {
		return fmt.Errorf("client %d, %s: %w", i, client.kind.name, err)
	}
	return unix.EpollCtl(c.epoll, unix.EPOLL_CTL_MOD, client.fd, &unix.EpollEvent{Events: unix.EPOLLRDHUP, Fd: int32(i)})
}

// drip sends a byte for some clients, so that each has its turn every crowdDrip.
func (c *crowd) drip() {
	share := len(c.clients)*int(crowdTick)/int(crowdDrip) + 1
	for range min(share, len(c.clients)) {
		client := &c.clients[c.dripped]
		c.dripped = (c.dripped + 1) % len(c.clients)
		if client.connected && client.fd >= 0 && client.kind.drip != "" {
			_, _ = unix.Write(client.fd, []byte(client.kind.drip)) // its end is an event
		}
	}
}

func (c *crowd) hangUp(i int) {
	if fd := c.clients[i].fd; fd >= 0 {
		_ = unix.Close(fd) // nothing is lost with it
		c.clients[i].fd = -1
	}
}

// maxOpenFiles returns how many files a process may have open after it has raised its
// limit, as this one and a node do.
func maxOpenFiles() (int, bool) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return int(min(limit.Max, 1<<30)), true
}

// residentBytes returns the memory that a process holds now.
func residentBytes(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm: %q", text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
