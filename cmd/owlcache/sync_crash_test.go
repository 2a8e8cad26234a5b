package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/engine/datadir"
)

// loadedKeys is how many keys each syncLoad writes.
const loadedKeys = 40

// syncLoad writes keys that nobody else writes to a node, one after the other, until the
// node is gone.
type syncLoad struct {
	node  *syncedNode
	name  string
	token string
	acked map[string]string // what was acknowledged last; "" = deleted
	// The write that was not answered, if any.
	doubtful, doubt string
	err             error

	writes atomic.Int64 // acknowledged
}

// startLoad starts a load on each node. wait waits until they have ended.
func startLoad(nodes []*syncedNode) (loads []*syncLoad, wait func()) {
	var wg sync.WaitGroup
	for i, n := range nodes {
		l := &syncLoad{node: n, name: fmt.Sprint("load ", i), token: loginToken(n.t, n.addr, groupPassword), acked: map[string]string{}}
		loads = append(loads, l)
		wg.Go(l.run)
	}
	return loads, wg.Wait
}

// run writes until there is no answer.
func (l *syncLoad) run() {
	for n := 1; l.err == nil && l.doubtful == ""; n++ {
		key, value := fmt.Sprint(l.name, " key ", n*7%loadedKeys), fmt.Sprint(n)
		form := url.Values{"token": {l.token}, "cmd": {"set"}, "key": {key}, "valuedata": {value}}
		if l.acked[key] != "" && n%5 == 0 {
			form.Set("cmd", "delete")
			value = ""
		}
		status, body, err := e2e.Request(http.MethodPost, "http://"+l.node.addr+"/data/", form)
		switch {
		case err != nil:
			l.doubtful, l.doubt = key, value
		case status != http.StatusOK:
			l.err = fmt.Errorf("%s: %s: %d, %s", l.node.addr, form.Get("cmd"), status, body)
		default:
			l.acked[key] = value
			l.writes.Add(1)
		}
	}
}

// held checks that a node has what was acknowledged.
func (l *syncLoad) held(n *syncedNode) {
	n.t.Helper()
	if l.err != nil {
		n.t.Error(l.err)
	}
	for key, value := range l.acked {
		err := n.answers(key, value)
		if err != nil && key == l.doubtful {
			err = n.answers(key, l.doubt)
		}
		if err != nil {
			n.t.Error(err)
		}
	}
}

// TestSyncSurvivesTheCrashOfAll kills all nodes under load, and starts them without the
// only one that the lists of seeds name.
func TestSyncSurvivesTheCrashOfAll(t *testing.T) {
	t.Parallel()
	nodes := startGroup(t, 3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	b.remembers(c)
	c.remembers(b)
	loads, wait := startLoad(nodes)
	for _, l := range loads {
		l.node.eventually("take writes", func() error {
			if n := l.writes.Load(); n < 5*loadedKeys {
				return fmt.Errorf("%d so far", n)
			}
			return nil
		})
	}
	for _, n := range nodes {
		n.kill()
	}
	wait()

	up(b, c)
	b.finds(c.sync(), "alive")
	c.finds(b.sync(), "alive")
	agree(b, c)
	up(a)
	meet(a, b, c)
	agree(a, b, c)
	for _, l := range loads {
		for _, n := range nodes {
			l.held(n)
		}
	}
}

// remembers waits until the node would find a peer again after a crash.
func (n *syncedNode) remembers(peer *syncedNode) {
	n.t.Helper()
	n.eventually("write down "+peer.sync(), func() error {
		text, err := os.ReadFile(filepath.Join(n.dir, datadir.PeersFile))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !strings.Contains(string(text), peer.sync()) {
			err = fmt.Errorf("it has %q", text)
		}
		return err
	})
}

// TestSyncLeaves stops a node right after it was written to: what it has acknowledged is
// with the others, who know that it has left.
func TestSyncLeaves(t *testing.T) {
	t.Parallel()
	nodes := startGroup(t, 3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	want := map[string]string{}
	for i := range 100 {
		key := fmt.Sprint("key ", i)
		c.set(key, "1")
		want[key] = "1"
	}
	c.stop()
	for _, n := range []*syncedNode{a, b} {
		if p := n.finds(c.sync(), "left", "gone"); p.State != "left" {
			t.Errorf("%s takes a node that was stopped as %s", n.addr, p.State)
		}
	}
	agree(a, b)
	holdAll(want, a, b)
	up(c)
	meet(a, b, c)
	agree(a, b, c)
}
