package line_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/line"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// realStore opens a store in a directory of its own.
func realStore(t testing.TB) *engine.Store {
	t.Helper()
	dir, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Open(t.Context(), dir, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// lineModel is a client with its own keys and what a store should answer it.
type lineModel struct {
	rng      *rand.Rand
	name     string
	m        map[string]string
	in, want bytes.Buffer
}

func (l *lineModel) envelope(cmd string, status int, results, key, data string) {
	fmt.Fprintf(&l.want, `{"Cmd":"%s","Status":%d,"Results":"%s","Key":"%s","Data":%s,"ResponseHost":"127.0.0.1:7720",T}`+"\n", cmd, status, results, key, data)
}

// found answers with an envelope that tells whether there is key.
func (l *lineModel) found(cmd, key string) {
	if _, ok := l.m[key]; ok {
		l.envelope(cmd, 200, "SUCCESS", key, "null")
	} else {
		l.envelope(cmd, 404, "NOT_FOUND", key, "null")
	}
}

// value returns a value that is small, or larger than some buffer.
func (l *lineModel) value() string {
	size := l.rng.IntN(100)
	switch l.rng.IntN(30) {
	case 0:
		size = 10_000 + l.rng.IntN(30_000)
	case 1:
		size = 100_000 + l.rng.IntN(300_000)
	}
	return strings.Repeat(string(rune('a'+l.rng.IntN(26))), size)
}

// step adds a line and its answer.
func (l *lineModel) step() {
	key := fmt.Sprintf("%s-%d", l.name, l.rng.IntN(20))
	line := ""
	switch l.rng.IntN(8) {
	case 0, 1, 2:
		v := l.value()
		l.m[key] = v
		line = "set " + key + " " + v
		l.envelope("set", 200, "SUCCESS", key, `""`)
	case 3, 4:
		line = "get " + key
		l.want.WriteString(l.m[key] + "\n")
	case 5:
		line = "exist " + key
		l.found("exist", key)
	case 6:
		line = "delete " + key
		l.found("delete", key)
		delete(l.m, key)
	case 7:
		line = "nonsense"
		l.envelope("", 501, "UNKNOWN_COMMAND", "", "null")
	}
	l.in.WriteString(line + []string{"\n", "\r\n"}[l.rng.IntN(2)])
}

// send writes the lines cut anywhere, and closes this side.
func (l *lineModel) Send(c net.Conn) {
	for b := l.in.Bytes(); len(b) > 0; {
		n := 1 + l.rng.IntN(40)
		if l.rng.IntN(3) == 0 {
			n = 1 + l.rng.IntN(100_000)
		}
		n = min(n, len(b))
		if _, err := c.Write(b[:n]); err != nil {
			return // what comes back tells
		}
		b = b[n:]
	}
	_ = c.(*net.TCPConn).CloseWrite()
}

// TestTCPModel: random pipelines of many clients at once, cut anywhere, over a real store
// are answered as by a model.
func TestTCPModel(t *testing.T) {
	store := realStore(t)
	n := apitest.StartLoading(t, func(o *api.Options) { o.MaxBodyMemory = 64 << 20 })
	addr := n.ServeLines()
	n.Ready(store)
	created := regexp.MustCompile(`"KeyCreateTime":"[^"]*"`)
	var clients sync.WaitGroup
	for id := range 8 {
		clients.Go(func() {
			for round := range 4 {
				rng := rand.New(rand.NewPCG(uint64(id), uint64(round)))
				l := &lineModel{rng: rng, name: fmt.Sprintf("c%d-%d", id, round), m: map[string]string{}}
				for range 150 + rng.IntN(400) {
					l.step()
				}
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Error(err)
					return
				}
				_ = c.SetDeadline(time.Now().Add(60 * time.Second))
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					l.Send(c)
				}()
				got, err := io.ReadAll(c)
				<-sent
				_ = c.Close()
				text := strings.TrimPrefix(created.ReplaceAllString(string(got), "T"), line.Greeting)
				if text != l.want.String() || err != nil {
					t.Errorf("client %d, round %d: %d bytes, want %d; %v", id, round, len(text), l.want.Len(), err)
					return
				}
			}
		})
	}
	clients.Wait()
	apitest.Eventually(t, "memory is given back", func() bool {
		return n.Node.Requests.Take(n.Node.Requests.Size) && n.Node.Answers.Take(n.Node.Answers.Size)
	})
}

// TestTCPClientsDie: whatever a client was about when it went, everything is given back.
func TestTCPClientsDie(t *testing.T) {
	n := apitest.StartLoading(t, func(o *api.Options) {
		o.MaxBodyMemory, o.MaxValueSize = 8<<20, 2<<20
		o.ReadTimeout, o.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	})
	n.Node.Answers.Patience = 5 * time.Millisecond
	addr := n.ServeLines()
	n.Ready(n.Store)
	var clients sync.WaitGroup
	for id := range 8 {
		clients.Go(func() {
			rng := rand.New(rand.NewPCG(7, uint64(id)))
			for range 10 {
				dieSomewhere(t, rng, addr)
			}
		})
	}
	clients.Wait()
	apitest.Eventually(t, "all have ended", func() bool { return n.Line.Conns.Counts().Open == 0 })
	if !n.Node.Requests.Take(n.Node.Requests.Size) || !n.Node.Answers.Take(n.Node.Answers.Size) {
		t.Error("memory is not given back")
	}
}

// dieSomewhere sends a part of a few lines, reads a part of what comes, and goes.
func dieSomewhere(t *testing.T, rng *rand.Rand, addr string) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = c.Close() }()
	var in bytes.Buffer
	for range rng.IntN(12) {
		v := strings.Repeat("v", rng.IntN([]int{100, 20_000, 2 << 20}[rng.IntN(3)]))
		fmt.Fprintf(&in, []string{"set k %s\n", "set %s v\n", "ping %s\n", "get k %.4s\n", "get k info%.0s\n"}[rng.IntN(5)], v)
	}
	b, enough := in.Bytes(), rng.Int64N(1<<20)
	b = b[:rng.IntN(len(b)+1)]
	_ = c.SetDeadline(time.Now().Add(time.Duration(1+rng.IntN(200)) * time.Millisecond))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = c.Write(b)
	}()
	_, _ = io.CopyN(io.Discard, c, enough)
	_ = c.Close()
	<-sent
}
