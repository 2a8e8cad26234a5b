package membership

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/transport"
)

// hole is a network in which nobody answers for 10.0.0.0/8.
type hole struct {
	*memberlist.NetTransport
	end chan struct{}
}

func (h hole) DialAddressTimeout(a memberlist.Address, d time.Duration) (net.Conn, error) {
	if strings.HasPrefix(a.Addr, "10.") {
		<-h.end
		return nil, os.ErrDeadlineExceeded
	}
	return h.NetTransport.DialAddressTimeout(a, d)
}

func TestPeersThatAreGoneDoNotHoldUpSeeds(t *testing.T) {
	t.Parallel()
	inner, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
		BindAddrs: []string{"127.0.0.1"}, Logger: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	})
	if err != nil {
		t.Fatal(err)
	}
	late := freePort(t)
	o := options(t, 1, seedsOf(fmt.Sprintf("127.0.0.1:%d", late)))
	network := hole{NetTransport: inner, end: make(chan struct{})}
	o.Port.Transport = network
	file, err := peers.Open(o.path, 1, discard())
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(300) {
		file.Seen(1000+i, fmt.Sprintf("10.0.%d.%d:7946", i/250, 1+i%250))
		file.Gone(1000 + i)
	}
	file.Close()
	a := startNode(t, o)
	t.Cleanup(func() { close(network.end) })
	until(t, "all tries for peers are under way", func() bool {
		a.rejoin.mu.Lock()
		defer a.rejoin.mu.Unlock()
		return a.rejoin.others == triesOthers
	})
	o = options(t, 2, nil)
	o.Port.BindPort = late
	meetAll(t, a, startNode(t, o))
}

func TestWhatIsUrgentIsTriedFirst(t *testing.T) {
	now := time.Now()
	n := &Group{o: Options{Seeds: seedsOf("10.0.0.1:1")}}
	r := newRejoiner(n)
	r.setTargetsLocked([]peers.Peer{
		{Address: "10.0.0.2:1", Seen: now.Add(-lately + time.Minute)},
		{Address: "10.0.0.3:1", Seen: now.Add(-lately - time.Minute)},
	}, now)
	seed, recent, old := r.targets["10.0.0.1:1"], r.targets["10.0.0.2:1"], r.targets["10.0.0.3:1"]
	if !seed.soon || !recent.soon || old.soon || !seed.seed || recent.seed {
		t.Fatalf("%+v, %+v, %+v", seed, recent, old)
	}
	seed.due = now.Add(pauseMost)
	if !seed.turn().Before(old.turn()) {
		t.Error("what was not seen lately comes before a seed")
	}
	seed.due = now.Add(pauseRare + 1)
	if !old.turn().Before(seed.turn()) {
		t.Error("what was not seen lately never comes")
	}
	for range 20 {
		recent.tried(nil, tryResult{err: transport.ErrDown}, false)
		old.tried(nil, tryResult{err: transport.ErrDown}, false)
	}
	if at := time.Until(recent.due); at > pauseMost {
		t.Errorf("what was seen lately is tried in %v", at)
	}
	if at := time.Until(old.due); at < pauseRare/2 {
		t.Errorf("what was not is tried in %v", at)
	}
}

func TestPausesBetweenTries(t *testing.T) {
	for _, limit := range []time.Duration{pauseMost, pauseRare} {
		last := time.Duration(0)
		for fails := range 40 {
			least, most := pauseAfter(fails, limit, 0), pauseAfter(fails, limit, 1)
			if least < pauseLeast*3/4 || most > limit || least > most || most < last {
				t.Fatalf("after %d failures %v to %v", fails, least, most)
			}
			last = most
		}
		if pauseAfter(0, limit, 1) != pauseLeast || last != limit {
			t.Fatal(pauseAfter(0, limit, 1), last)
		}
	}
}
