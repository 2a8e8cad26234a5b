package ask

import (
	"io"
	"net/http"
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

// overHTTP answers everything with one value.
type overHTTP struct {
	mu    sync.Mutex
	value string
	asked []string
}

func (o *overHTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, r.FormValue("key"))
	w.Header().Set("Keycreatetime", "2026-11-22 10:50:17 +0000 UTC")
	_, _ = io.WriteString(w, o.value)
}
