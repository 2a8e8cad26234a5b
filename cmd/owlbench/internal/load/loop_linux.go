package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"owlcache/cmd/owlbench/internal/cpu"
)

// answerGrace is how long after the end of a round the last answers may take.
const answerGrace = 10 * time.Second

// loop drives connections through epoll on one thread, without a goroutine switch.
type loop struct {
	conns    []*connection
	fds      []int
	epoll    int
	read     []byte
	deadline time.Time
	active   int // connections that wait for an answer
	result   Sample
}

// drive sends requests for as long as length, and waits for the last answers.
func drive(ctx context.Context, addr string, conns []*connection, length time.Duration, core int) (*Sample, error) {
	l := &loop{conns: conns, epoll: -1, read: make([]byte, 256<<10)}
	defer l.close()
	if err := l.connect(ctx, addr); err != nil {
		return nil, err
	}
	err := cpu.Run(core, func() error { return l.run(ctx, length) })
	return &l.result, err
}

func (l *loop) connect(ctx context.Context, addr string) error {
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	for i := range l.conns {
		fd, err := dialFD(ctx, addr, l.conns[i].target.greeting)
		if err != nil {
			return err
		}
		l.fds = append(l.fds, fd)
		if err := l.control(unix.EPOLL_CTL_ADD, i, false); err != nil {
			return err
		}
	}
	return nil
}

// dialFD returns a non-blocking socket that the runtime does not know of, behind the greeting.
func dialFD(ctx context.Context, addr, greeting string) (int, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return -1, err
	}
	defer conn.Close() //nolint:errcheck // its duplicate stays open
	if err := readGreeting(conn, greeting); err != nil {
		return -1, err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var dupErr error
	err = raw.Control(func(original uintptr) {
		fd, dupErr = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(err, dupErr)
}

func readGreeting(conn net.Conn, greeting string) error {
	if greeting == "" {
		return nil
	}
	if err := conn.SetReadDeadline(time.Now().Add(answerGrace)); err != nil {
		return err
	}
	got := make([]byte, len(greeting))
	if _, err := io.ReadFull(conn, got); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if string(got) != greeting {
		return fmt.Errorf("greeting %q, want %q", got, greeting)
	}
	return conn.SetReadDeadline(time.Time{})
}

// control says whether the epoll waits for room to write on a connection, besides answers.
func (l *loop) control(op, i int, write bool) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if write {
		event.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(l.epoll, op, l.fds[i], &event); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

func (l *loop) run(ctx context.Context, length time.Duration) error {
	start := time.Now()
	l.deadline = start.Add(length)
	for i := range l.conns {
		if err := l.send(i, start); err != nil {
			return err
		}
	}
	events := make([]unix.EpollEvent, len(l.conns))
	for l.active > 0 {
		if err := l.wait(ctx, events); err != nil {
			return err
		}
	}
	l.result.Elapsed = time.Since(start)
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err == nil {
		l.result.Busy = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return nil
}

func (l *loop) wait(ctx context.Context, events []unix.EpollEvent) error {
	n, err := unix.EpollWait(l.epoll, events, 100)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("epoll: %w", err)
	}
	if n <= 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(l.deadline) > answerGrace {
			return fmt.Errorf("%s: %d requests were not answered", l.conns[0].target.Name, l.active)
		}
		return nil
	}
	for _, event := range events[:n] {
		if err := l.handle(int(event.Fd), event.Events); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// handle reads and writes on one connection as far as it goes.
func (l *loop) handle(i int, events uint32) error {
	c := l.conns[i]
	if events&unix.EPOLLOUT != 0 {
		return l.flush(i)
	}
	n, err := unix.Read(l.fds[i], l.read)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return nil
	}
	done := false
	if err == nil {
		done, err = c.received(l.read[:n])
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.target.Name, err)
	}
	if !done {
		return nil
	}
	now := time.Now()
	l.result.Latencies.Add(now.Sub(c.sent))
	l.result.Ops += uint64(len(c.isGet))
	l.active--
	if now.Before(l.deadline) {
		return l.send(i, now)
	}
	return nil
}

func (l *loop) send(i int, now time.Time) error {
	l.conns[i].next(now)
	l.active++
	return l.flush(i)
}

// flush writes what is unsent and, if not all went, waits for room.
func (l *loop) flush(i int) error {
	c := l.conns[i]
	wasWhole := len(c.unsent) == len(c.request)
	n, err := unix.Write(l.fds[i], c.unsent)
	if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("%s: %w", c.target.Name, err)
	}
	c.unsent = c.unsent[max(n, 0):]
	if wasWhole && len(c.unsent) == 0 {
		return nil
	}
	return l.control(unix.EPOLL_CTL_MOD, i, len(c.unsent) > 0)
}

func (l *loop) close() {
	for _, fd := range l.fds {
		_ = unix.Close(fd) // nothing is lost with it
	}
	if l.epoll >= 0 {
		_ = unix.Close(l.epoll)
	}
}
