package api

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

// TestTCPForeign: a request that a web page makes a browser send ends the connection, and
// no line of it is served.
func TestTCPForeign(t *testing.T) {
	n, addr := startTCP(t, nil)
	for _, text := range []string{
		"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nset k v\r\n",
		"GET /?x HTTP/1.1\r\nHost: localhost\r\n\r\nset k v\r\n",
		"PUT / HTTP/1.1\r\nset k v\r\n",
		"host: localhost\r\nset k v\r\n",
		"\x16\x03\x01\x02\x00set k v\nset k v\n",
	} {
		l := dialLines(t, addr)
		l.send(text)
		if got := l.ended(); got != "" {
			t.Errorf("%.20q is answered: %q", text, got)
		}
	}
	l := dialLines(t, addr)
	l.send("ping a\nPOST / HTTP/1.1\r\nset k v\n")
	if got := l.ended(); got != "a\n" {
		t.Errorf("what came before it is answered %q", got)
	}
	if n.store.writes() != 0 || n.tcp.hostile.Load() != 6 {
		t.Errorf("%d writes, %d counted", n.store.writes(), n.tcp.hostile.Load())
	}
}

func TestTCPLongLine(t *testing.T) {
	n, addr := startTCP(t, func(o *Options) { o.MaxValueSize = 100_000 })
	l := dialLines(t, addr)
	key, value := strings.Repeat("k", engine.MaxKeySize), strings.Repeat("v", 100_000)
	if e := (answer{body: l.ask("set " + key + " " + value + "\r")}).envelope(t); e.Status != 200 {
		t.Fatalf("the largest key and value: %d %s", e.Status, e.Results)
	}
	if got := l.ask("get " + key); got != value {
		t.Errorf("%d bytes come back", len(got))
	}
	if e := (answer{body: l.ask("set small " + value + "x")}).envelope(t); e.Status != 500 || e.Key != "small" {
		t.Errorf("a value that is too large: %+v", e)
	}
	if got := l.ask("ping"); got != "PONG" {
		t.Errorf("after it: %q", got)
	}
	go func() { _, _ = io.WriteString(l, "set long "+strings.Repeat(value, 10)) }() // it is cut off
	got := l.ended()
	if e := (answer{body: strings.TrimSpace(got)}).envelope(t); e.Status != 500 || e.Cmd != "set" || e.Key != "long" {
		t.Errorf("a line without an end: %+v", e)
	}
	eventually(t, "memory is given back", func() bool { return n.bodies.take(n.bodies.size) })
}

// TestTCPMemory: large requests and answers share memory with those of HTTP.
func TestTCPMemory(t *testing.T) {
	n, addr := startTCP(t, func(o *Options) { o.MaxBodyMemory = 1 << 20 })
	l := dialLines(t, addr)
	value := strings.Repeat("v", 200_000)
	if got := lineStatus(t, l.ask("set k "+value)); got != 200 {
		t.Fatalf("status %d", got)
	}
	for _, cmd := range []string{"get k", "get k info"} {
		if got := l.ask(cmd); !strings.Contains(got, "vvv") && !strings.Contains(got, "dnZ2") {
			t.Errorf("%s: %.50q", cmd, got)
		}
	}
	eventually(t, "memory is given back", func() bool { return n.answers.take(n.answers.size) })
	n.answers.patience = time.Millisecond
	l.send("ping x\nget k\n")
	if got := l.ended(); got != "x\n" {
		t.Errorf("without memory for the answer: %.50q", got)
	}
	n.answers.give(n.answers.size)

	eventually(t, "memory is given back", func() bool { return n.bodies.take(n.bodies.size) })
	l = dialLines(t, addr)
	go func() { _, _ = io.WriteString(l, "set k2 "+value+"\n") }()
	if got := l.ended(); lineStatus(t, strings.TrimSpace(got)) != 500 {
		t.Errorf("without memory for the request: %.50q", got)
	}
	n.bodies.give(n.bodies.size)
	if got := dialLines(t, addr).ask("get k"); got != value {
		t.Errorf("%d bytes at the end", len(got))
	}
}

// TestTCPSlow: who sends slowly, not at all, or does not read, is given up.
func TestTCPSlow(t *testing.T) {
	const limit = 100 * time.Millisecond
	n, addr := startTCP(t, func(o *Options) {
		o.ReadTimeout, o.WriteTimeout, o.TCPIdleTimeout = limit, limit, 5*limit
	})
	silent, slow := dialLines(t, addr), dialLines(t, addr)
	stop := make(chan struct{})
	defer close(stop)
	go func() { // a byte now and then makes no line
		for {
			select {
			case <-stop:
				return
			case <-time.After(limit / 10):
				_, _ = slow.Write([]byte("x"))
			}
		}
	}()
	if got := slow.ended(); got != "" {
		t.Errorf("a slow line is answered: %q", got)
	}
	if got := silent.ended(); got != "" {
		t.Errorf("a silent client is told %q", got)
	}
	if _, err := n.store.Set([]byte("large"), make([]byte, 8<<20), 0); err != nil {
		t.Fatal(err)
	}
	deaf := dialLines(t, addr)
	go func() { _, _ = io.WriteString(deaf, strings.Repeat("get large\n", 100)) }()
	eventually(t, "all are given up", func() bool {
		open, _, _ := n.tcp.conns.counts()
		return open == 0 && n.tcp.slow.Load() == 2
	})
	eventually(t, "memory is given back", func() bool { return n.answers.take(n.answers.size) })
}

func TestTCPConnectionLimit(t *testing.T) {
	n, addr := startTCP(t, func(o *Options) { o.MaxConns = 2 })
	first := dialLines(t, addr)
	dialLines(t, addr)
	third, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = third.Close() }()
	if b, err := io.ReadAll(third); len(b) != 0 {
		t.Errorf("the third is told %q, %v", b, err)
	}
	if n.tcp.rejected.Load() != 1 {
		t.Errorf("%d counted", n.tcp.rejected.Load())
	}
	// Those of HTTP are counted apart.
	if a := n.get("/livez"); a.status != 200 {
		t.Errorf("HTTP: %d", a.status)
	}
	_ = first.Close()
	eventually(t, "there is room again", func() bool { open, _, _ := n.tcp.conns.counts(); return open == 1 })
	dialLines(t, addr)
}

// TestTCPShutdown: a write in flight is finished and answered, idle connections end.
func TestTCPShutdown(t *testing.T) {
	n, addr := startTCP(t, nil)
	idle, half, busy := dialLines(t, addr), dialLines(t, addr), dialLines(t, addr)
	half.send("set half")
	entered, leave := make(chan struct{}), make(chan struct{})
	n.store.onSet = func() { close(entered); <-leave }
	busy.send("set k v\n")
	<-entered
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- n.Shutdown(ctx)
	}()
	if got := idle.ended() + half.ended(); got != "" {
		t.Errorf("%q", got)
	}
	close(leave)
	if got := lineStatus(t, strings.TrimSpace(busy.ended())); got != 200 {
		t.Errorf("the write in flight: %d", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
}

// TestTCPLoading: connections wait until there is a store.
func TestTCPLoading(t *testing.T) {
	n := startLoading(t, nil)
	n.gate.hold = time.Minute
	addr := n.serveTCP()
	got := make(chan string, 1)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	go func() {
		_, _ = io.WriteString(c, "ping x\n")
		b := make([]byte, 256)
		size, _ := io.ReadAtLeast(c, b, len(tcpGreeting)+2)
		got <- string(b[:size])
	}()
	eventually(t, "it is accepted", func() bool { open, _, _ := n.tcp.conns.counts(); return open == 1 })
	n.Ready(n.store)
	if s := <-got; s != tcpGreeting+"x\n" {
		t.Errorf("%q", s)
	}
}

// TestTCPMetrics: commands are counted by how they ended.
func TestTCPMetrics(t *testing.T) {
	n, addr := startTCP(t, nil)
	l := dialLines(t, addr)
	l.ask("set k v")
	l.ask("get k")
	l.ask("get no")
	l.ask("what")
	body := n.get("/metrics").body
	for _, want := range []string{
		`owlcache_tcp_commands_total{cmd="set",status="200"} 1`,
		`owlcache_tcp_commands_total{cmd="get",status="200"} 1`,
		`owlcache_tcp_commands_total{cmd="get",status="404"} 1`,
		`owlcache_tcp_commands_total{cmd="unknown",status="501"} 1`,
		`owlcache_tcp_connections 1`,
		`owlcache_tcp_connections_accepted_total 1`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}

// TestTCPAccessLog: each command is logged, without what it is about.
func TestTCPAccessLog(t *testing.T) {
	var log logBuffer
	_, addr := startTCP(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)); o.AccessLog = o.Logger })
	l := dialLines(t, addr)
	for _, line := range []string{"set secretkey secretvalue", "get secretkey", "get secretmiss", "pass secretword", "secretcommand"} {
		l.ask(line)
	}
	got := log.String()
	for _, want := range []string{"protocol=tcp cmd=set status=200 remote=127.0.0.1", "cmd=get status=200", "cmd=get status=404", "cmd=pass status=500", "cmd=unknown status=501"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret") {
		t.Errorf("the log tells too much:\n%s", got)
	}
}

// TestTCPLineIsNotHeldOpen: the memory of a long line is given back when it has been served,
// although the client begins another one.
func TestTCPLineIsNotHeldOpen(t *testing.T) {
	n, addr := startTCP(t, func(o *Options) { o.MaxBodyMemory = 4 << 20 })
	l := dialLines(t, addr)
	l.send("ping " + strings.Repeat("x", 1<<20) + "\nping a")
	if got := l.line(); len(got) != 1<<20 {
		t.Fatalf("%d bytes", len(got))
	}
	eventually(t, "memory is given back", func() bool { return n.bodies.take(n.bodies.size) })
	if got := l.ask("b"); got != "ab" {
		t.Errorf("the line that was begun: %q", got)
	}
}

// TestTCPLongLineTellsOfItself, not of the one behind it.
func TestTCPLongLineTellsOfItself(t *testing.T) {
	n, addr := startTCP(t, func(o *Options) { o.MaxValueSize = 1000 })
	l := dialLines(t, addr)
	l.send(strings.Repeat("ping x\n", 5000)) // the buffer grows
	for range 5000 {
		l.line()
	}
	l.send("set long " + strings.Repeat("v", 12_000) + "\ndelete other\n")
	if e := (answer{body: strings.TrimSpace(l.ended())}).envelope(t); e.Cmd != "set" || e.Key != "long" || e.Status != 500 {
		t.Errorf("%+v", e)
	}
	if n.store.writes() != 0 {
		t.Error("what stood behind it was done")
	}
}

// TestTCPNothingIsLeftOver: a connection begins with nothing of those before it.
func TestTCPNothingIsLeftOver(t *testing.T) {
	n, addr := startTCPFrom(t, true, nil)
	l := dialLines(t, addr)
	l.ask("pass " + testPassword)
	if got := lineStatus(t, l.ask("set k v")); got != 200 {
		t.Fatalf("status %d", got)
	}
	l.send("set half " + strings.Repeat("z", 500))
	_ = l.Close()
	eventually(t, "it has ended", func() bool { open, _, _ := n.tcp.conns.counts(); return open == 0 })
	for range 20 {
		l = dialLines(t, addr)
		if got := lineStatus(t, l.ask("set k2 v")); got != 401 {
			t.Errorf("a new connection may write: %d", got)
		}
		if got := lineStatus(t, l.ask("")); got != 501 {
			t.Errorf("a line of a connection before it: %d", got)
		}
		_ = l.Close()
	}
}
