package ask

import (
	"context"
	"sync"
	"testing"
	"time"

	"owlcache/cluster/group/asktest"
)

// socketOptions are options with short times.
func socketOptions(t testing.TB, change func(*Options)) Options {
	t.Helper()
	o := Options{RequestTimeout: 10 * time.Second, MinReconnect: time.Millisecond, MaxReconnect: 20 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	o.MaxReconnect = max(o.MaxReconnect, o.MinReconnect)
	o, err := o.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// askerOf returns an asker of the peer.
func askerOf(t testing.TB, p *asktest.Peer, change func(*Options)) *WebSocket {
	t.Helper()
	a := NewWebSocket(p.Address, socketOptions(t, change))
	t.Cleanup(a.Close)
	return a
}

// fixedAsker answers everything with one value.
type fixedAsker struct {
	mu    sync.Mutex
	asked []string
}

func (f *fixedAsker) Ask(_ context.Context, key []byte) (Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, string(key))
	return Reply{Found: true, Value: []byte("over HTTP")}, nil
}

func (f *fixedAsker) Close() {}

func (f *fixedAsker) Sweep() {}
