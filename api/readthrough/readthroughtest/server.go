// Package readthroughtest starts real memcached and Redis servers for tests, on free loopback
// ports and without anything that stays behind.
package readthroughtest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a server may take for anything.
const patience = 20 * time.Second

// startTries is how many ports are tried: somebody else may have one.
const startTries = 10

// Server is a server in a process of its own.
type Server struct {
	Addr string // HOST:PORT

	t     testing.TB
	args  func(port string) []string
	cmd   *exec.Cmd
	ended <-chan struct{} // closed when cmd has ended
}

// Memcached starts a memcached server, with more arguments if there are any.
func Memcached(t testing.TB, more ...string) *Server {
	t.Helper()
	return start(t, func(port string) []string {
		return append([]string{"memcached", "-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "root"}, more...)
	})
}

// Redis starts a Redis server that writes no file, with more arguments if there are any.
func Redis(t testing.TB, more ...string) *Server {
	t.Helper()
	dir := t.TempDir()
	return start(t, func(port string) []string {
		return append([]string{"redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no"}, more...)
	})
}

func start(t testing.TB, args func(port string) []string) *Server {
	t.Helper()
	if name := args("")[0]; !installed(name) {
		t.Skipf("left out: there is no %s on this machine", name)
	}
	s := &Server{t: t, args: args}
	t.Cleanup(s.Kill)
	for range startTries {
		// Below the ports that systems give to outgoing connections, one of which might take it.
		s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))
		if s.run() == nil {
			return s
		}
	}
	t.Fatalf("%s did not start on any of %d ports", args("")[0], startTries)
	return nil
}

func installed(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// Start starts the server again, on the same port, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	if err := s.run(); err != nil {
		s.t.Fatal(err)
	}
}

// run starts the process and returns when it answers, or has ended.
func (s *Server) run() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	args := s.args(port)
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.SysProcAttr = endWithParent()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.ended = ended
	go func() {
		defer close(ended)
		_ = s.cmd.Wait() // how it ended does not matter
	}()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-ended:
			return fmt.Errorf("%s has ended at once", args[0])
		case <-time.After(5 * time.Millisecond):
		}
		if c, err := net.Dial("tcp", s.Addr); err == nil {
			return c.Close()
		}
	}
	return fmt.Errorf("%s does not answer", args[0])
}

// Kill ends the server at once and waits for it.
func (s *Server) Kill() {
	if s.ended == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
}

// Send sends lines over a connection of its own and returns the lines of the answer up to
// one that is last, or starts with it, or ends the connection.
func (s *Server) Send(last string, lines ...string) []string {
	s.t.Helper()
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	if _, err := fmt.Fprint(c, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	var answer []string
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%s: %v after %q", s.Addr, err, answer)
		}
		answer = append(answer, strings.TrimRight(line, "\r\n"))
		if strings.HasPrefix(line, last) {
			return answer
		}
	}
}

// SetMemcached stores a value in memcached.
func (s *Server) SetMemcached(key, value string) {
	s.t.Helper()
	s.Send("STORED", fmt.Sprintf("set %s 0 0 %d", key, len(value)), value)
}

// MemcachedGets returns how many keys memcached was asked for.
func (s *Server) MemcachedGets() int {
	s.t.Helper()
	for _, line := range s.Send("END", "stats") {
		var n int
		if _, err := fmt.Sscanf(line, "STAT cmd_get %d", &n); err == nil {
			return n
		}
	}
	s.t.Fatal("no cmd_get in the figures of memcached")
	return 0
}

// Do runs commands in Redis, one after the other on one connection, and fails the test if
// one fails. It returns the first lines of the answers.
func (s *Server) Do(commands ...[]string) []string {
	s.t.Helper()
	lines := make([]string, 0, len(commands)+1)
	for _, c := range commands {
		var b strings.Builder
		fmt.Fprintf(&b, "*%d", len(c))
		for _, word := range c {
			fmt.Fprintf(&b, "\r\n$%d\r\n%s", len(word), word)
		}
		lines = append(lines, b.String())
	}
	answer := s.Send("the-end-!", append(lines, "*2\r\n$4\r\nECHO\r\n$9\r\nthe-end-!")...)
	for _, line := range answer {
		if strings.HasPrefix(line, "-") {
			s.t.Fatalf("Redis: %s", line)
		}
	}
	return answer
}

// RedisCalls returns how often Redis has run a command, named in lower case.
func (s *Server) RedisCalls(command string) int {
	s.t.Helper()
	for _, line := range s.Do([]string{"INFO", "commandstats"}) {
		var n int
		if _, err := fmt.Sscanf(line, "cmdstat_"+command+":calls=%d", &n); err == nil {
			return n
		}
	}
	return 0
}
