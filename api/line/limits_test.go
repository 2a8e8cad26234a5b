package line_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/line"
	"owlcache/engine"
)

// TestTCPForeign: a request that a web page makes a browser send ends the connection, and
// no line of it is served.
func TestTCPForeign(t *testing.T) {
	n, addr := apitest.StartLines(t, nil)
	for _, text := range []string{
		"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nset k v\r\n",
		"GET /?x HTTP/1.1\r\nHost: localhost\r\n\r\nset k v\r\n",
		"PUT / HTTP/1.1\r\nset k v\r\n",
		"host: localhost\r\nset k v\r\n",
		"\x16\x03\x01\x02\x00set k v\nset k v\n",
	} {
		l := apitest.DialLines(t, addr)
		l.Send(text)
		if got := l.Ended(); got != "" {
			t.Errorf("%.20q is answered: %q", text, got)
		}
	}
	l := apitest.DialLines(t, addr)
	l.Send("ping a\nPOST / HTTP/1.1\r\nset k v\n")
	if got := l.Ended(); got != "a\n" {
		t.Errorf("what came before it is answered %q", got)
	}
	if n.Store.Writes() != 0 || n.Line.Hostile() != 6 {
		t.Errorf("%d writes, %d counted", n.Store.Writes(), n.Line.Hostile())
	}
}

func TestTCPLongLine(t *testing.T) {
	n, addr := apitest.StartLines(t, func(o *api.Options) { o.MaxValueSize = 100_000 })
	l := apitest.DialLines(t, addr)
	key, value := strings.Repeat("k", engine.MaxKeySize), strings.Repeat("v", 100_000)
	if e := (apitest.Answer{Body: l.Ask("set " + key + " " + value + "\r")}).Envelope(t); e.Status != 200 {
		t.Fatalf("the largest key and value: %d %s", e.Status, e.Results)
	}
	if got := l.Ask("get " + key); got != value {
		t.Errorf("%d bytes come back", len(got))
	}
	if e := (apitest.Answer{Body: l.Ask("set small " + value + "x")}).Envelope(t); e.Status != 500 || e.Key != "small" {
		t.Errorf("a value that is too large: %+v", e)
	}
	if got := l.Ask("ping"); got != "PONG" {
		t.Errorf("after it: %q", got)
	}
	go func() { _, _ = io.WriteString(l, "set long "+strings.Repeat(value, 10)) }() // it is cut off
	got := l.Ended()
	if e := (apitest.Answer{Body: strings.TrimSpace(got)}).Envelope(t); e.Status != 500 || e.Cmd != "set" || e.Key != "long" {
		t.Errorf("a line without an end: %+v", e)
	}
	apitest.Eventually(t, "memory is given back", func() bool { return n.Node.Requests.Take(n.Node.Requests.Size) })
}

// TestTCPMemory: large requests and answers share memory with those of HTTP.
func TestTCPMemory(t *testing.T) {
	n, addr := apitest.StartLines(t, func(o *api.Options) { o.MaxBodyMemory = 1 << 20 })
	l := apitest.DialLines(t, addr)
	value := strings.Repeat("v", 200_000)
	if got := apitest.LineStatus(t, l.Ask("set k "+value)); got != 200 {
		t.Fatalf("status %d", got)
	}
	for _, cmd := range []string{"get k", "get k info"} {
		if got := l.Ask(cmd); !strings.Contains(got, "vvv") && !strings.Contains(got, "dnZ2") {
			t.Errorf("%s: %.50q", cmd, got)
		}
	}
	apitest.Eventually(t, "memory is given back", func() bool { return n.Node.Answers.Take(n.Node.Answers.Size) })
	n.Node.Answers.Patience = time.Millisecond
	l.Send("ping x\nget k\n")
	if got := l.Ended(); got != "x\n" {
		t.Errorf("without memory for the answer: %.50q", got)
	}
	n.Node.Answers.Give(n.Node.Answers.Size)

	apitest.Eventually(t, "memory is given back", func() bool { return n.Node.Requests.Take(n.Node.Requests.Size) })
	l = apitest.DialLines(t, addr)
	go func() { _, _ = io.WriteString(l, "set k2 "+value+"\n") }()
	if got := l.Ended(); apitest.LineStatus(t, strings.TrimSpace(got)) != 500 {
		t.Errorf("without memory for the request: %.50q", got)
	}
	n.Node.Requests.Give(n.Node.Requests.Size)
	if got := apitest.DialLines(t, addr).Ask("get k"); got != value {
		t.Errorf("%d bytes at the end", len(got))
	}
}

// TestTCPSlow: who sends slowly, not at all, or does not read, is given up.
func TestTCPSlow(t *testing.T) {
	const limit = 100 * time.Millisecond
	n, addr := apitest.StartLines(t, func(o *api.Options) {
		o.ReadTimeout, o.WriteTimeout, o.TCPIdleTimeout = limit, limit, 5*limit
	})
	silent, slow := apitest.DialLines(t, addr), apitest.DialLines(t, addr)
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
	if got := slow.Ended(); got != "" {
		t.Errorf("a slow line is answered: %q", got)
	}
	if got := silent.Ended(); got != "" {
		t.Errorf("a silent client is told %q", got)
	}
	if _, err := n.Store.Set([]byte("large"), make([]byte, 8<<20), 0); err != nil {
		t.Fatal(err)
	}
	deaf := apitest.DialLines(t, addr)
	go func() { _, _ = io.WriteString(deaf, strings.Repeat("get large\n", 100)) }()
	apitest.Eventually(t, "all are given up", func() bool {
		open := n.Line.Conns.Counts().Open
		return open == 0 && n.Line.Slow() == 2
	})
	apitest.Eventually(t, "memory is given back", func() bool { return n.Node.Answers.Take(n.Node.Answers.Size) })
}

func TestTCPConnectionLimit(t *testing.T) {
	n, addr := apitest.StartLines(t, func(o *api.Options) { o.MaxConns = 2 })
	first := apitest.DialLines(t, addr)
	apitest.DialLines(t, addr)
	third, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = third.Close() }()
	if b, err := io.ReadAll(third); len(b) != 0 {
		t.Errorf("the third is told %q, %v", b, err)
	}
	if n.Line.Conns.Counts().Rejected != 1 {
		t.Errorf("%d counted", n.Line.Conns.Counts().Rejected)
	}
	// Those of HTTP are counted apart.
	if a := n.Get("/livez"); a.Status != 200 {
		t.Errorf("HTTP: %d", a.Status)
	}
	_ = first.Close()
	apitest.Eventually(t, "there is room again", func() bool { return n.Line.Conns.Counts().Open == 1 })
	apitest.DialLines(t, addr)
}

// TestTCPShutdown: a write in flight is finished and answered, idle connections end.
func TestTCPShutdown(t *testing.T) {
	n, addr := apitest.StartLines(t, nil)
	idle, half, busy := apitest.DialLines(t, addr), apitest.DialLines(t, addr), apitest.DialLines(t, addr)
	half.Send("set half")
	entered, leave := make(chan struct{}), make(chan struct{})
	n.Store.OnSet = func() { close(entered); <-leave }
	busy.Send("set k v\n")
	<-entered
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- n.Shutdown(ctx)
	}()
	if got := idle.Ended() + half.Ended(); got != "" {
		t.Errorf("%q", got)
	}
	close(leave)
	if got := apitest.LineStatus(t, strings.TrimSpace(busy.Ended())); got != 200 {
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
	n := apitest.StartLoading(t, nil)
	n.Node.Gate.Hold = time.Minute
	addr := n.ServeLines()
	got := make(chan string, 1)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	go func() {
		_, _ = io.WriteString(c, "ping x\n")
		b := make([]byte, 256)
		size, _ := io.ReadAtLeast(c, b, len(line.Greeting)+2)
		got <- string(b[:size])
	}()
	apitest.Eventually(t, "it is accepted", func() bool { return n.Line.Conns.Counts().Open == 1 })
	n.Ready(n.Store)
	if s := <-got; s != line.Greeting+"x\n" {
		t.Errorf("%q", s)
	}
}

// TestTCPMetrics: commands are counted by how they ended.
func TestTCPMetrics(t *testing.T) {
	n, addr := apitest.StartLines(t, nil)
	l := apitest.DialLines(t, addr)
	l.Ask("set k v")
	l.Ask("get k")
	l.Ask("get no")
	l.Ask("what")
	body := n.Get("/metrics").Body
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
	var log apitest.Log
	_, addr := apitest.StartLines(t, func(o *api.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)); o.AccessLog = o.Logger })
	l := apitest.DialLines(t, addr)
	for _, line := range []string{"set secretkey secretvalue", "get secretkey", "get secretmiss", "pass secretword", "secretcommand"} {
		l.Ask(line)
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
	n, addr := apitest.StartLines(t, func(o *api.Options) { o.MaxBodyMemory = 4 << 20 })
	l := apitest.DialLines(t, addr)
	l.Send("ping " + strings.Repeat("x", 1<<20) + "\nping a")
	if got := l.Line(); len(got) != 1<<20 {
		t.Fatalf("%d bytes", len(got))
	}
	apitest.Eventually(t, "memory is given back", func() bool { return n.Node.Requests.Take(n.Node.Requests.Size) })
	if got := l.Ask("b"); got != "ab" {
		t.Errorf("the line that was begun: %q", got)
	}
}

// TestTCPLongLineTellsOfItself, not of the one behind it.
func TestTCPLongLineTellsOfItself(t *testing.T) {
	n, addr := apitest.StartLines(t, func(o *api.Options) { o.MaxValueSize = 1000 })
	l := apitest.DialLines(t, addr)
	l.Send(strings.Repeat("ping x\n", 5000)) // the buffer grows
	for range 5000 {
		l.Line()
	}
	l.Send("set long " + strings.Repeat("v", 12_000) + "\ndelete other\n")
	if e := (apitest.Answer{Body: strings.TrimSpace(l.Ended())}).Envelope(t); e.Cmd != "set" || e.Key != "long" || e.Status != 500 {
		t.Errorf("%+v", e)
	}
	if n.Store.Writes() != 0 {
		t.Error("what stood behind it was done")
	}
}

// TestTCPNothingIsLeftOver: a connection begins with nothing of those before it.
func TestTCPNothingIsLeftOver(t *testing.T) {
	n, addr := apitest.StartLinesFrom(t, true, nil)
	l := apitest.DialLines(t, addr)
	l.Ask("pass " + apitest.Password)
	if got := apitest.LineStatus(t, l.Ask("set k v")); got != 200 {
		t.Fatalf("status %d", got)
	}
	l.Send("set half " + strings.Repeat("z", 500))
	_ = l.Close()
	apitest.Eventually(t, "it has ended", func() bool { return n.Line.Conns.Counts().Open == 0 })
	for range 20 {
		l = apitest.DialLines(t, addr)
		if got := apitest.LineStatus(t, l.Ask("set k2 v")); got != 401 {
			t.Errorf("a new connection may write: %d", got)
		}
		if got := apitest.LineStatus(t, l.Ask("")); got != 501 {
			t.Errorf("a line of a connection before it: %d", got)
		}
		_ = l.Close()
	}
}
