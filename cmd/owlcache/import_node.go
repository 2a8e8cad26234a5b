package main

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"owlcache/engine"
	"owlcache/engine/dump"
)

// Bounds of what is on its way to a node.
const (
	importRequests = 128
	importInFlight = 64 << 20 // bytes of values
)

// maxExptime is the longest time to live that a node takes, in milliseconds: 292 years.
const maxExptime = 9223372036 * 1000

// importNode is a running node as a dump.Target.
type importNode struct {
	client *client
	keep   bool
	seed   maphash.Seed
	room   *semaphore.Weighted

	mu    sync.Mutex // protects token
	token string
}

// openNode logs in. It is the Open of dump.ImportOptions.
func (im *importer) openNode(ctx context.Context) (dump.Target, error) {
	f := &im.flags.node
	c, err := newClient(f.addr, f.timeout, nil)
	if err != nil {
		return nil, err
	}
	if err := f.secure(c, false, im.p.Env); err != nil {
		return nil, err
	}
	c.password = func() (string, error) {
		return clientPassword(f.passwordFile, c.local(), f.config, im.p.Env)
	}
	if t, ok := c.http.Transport.(*http.Transport); ok {
		t.MaxIdleConnsPerHost = importRequests // each request finds its connection again
	}
	im.node = &importNode{client: c, keep: im.flags.keep, seed: maphash.MakeSeed(), room: semaphore.NewWeighted(importInFlight)}
	im.node.token, err = c.logIn(ctx)
	return im.node, err
}

func (n *importNode) close() { n.client.http.CloseIdleConnections() }

// Put sends entries in several requests at a time. Entries of one key go one after
// the other.
func (n *importNode) Put(ctx context.Context, entries []engine.Entry) (done int, stored dump.Stored, err error) {
	p := importPart{node: n, entries: entries, done: len(entries)}
	lanes := make([]func() int, importRequests)
	if dump.Distinct(entries) {
		var last atomic.Int64
		next := func() int { return int(last.Add(1)) - 1 }
		for i := range lanes {
			lanes[i] = next
		}
	} else {
		n.byKey(entries, lanes)
	}
	var wait sync.WaitGroup
	for _, next := range lanes {
		wait.Go(func() { p.send(ctx, next) })
	}
	wait.Wait()
	if ctx.Err() != nil { // requests were cut off, which is no fault of the node
		p.err = ctx.Err()
	}
	return p.done, p.stored, p.err
}

// byKey gives each lane the entries of some keys. A lane is a function that returns the
// number of its next entry, one behind the last if there is none.
func (n *importNode) byKey(entries []engine.Entry, lanes []func() int) {
	numbers := make([][]int, len(lanes))
	for i := range entries {
		lane := maphash.Bytes(n.seed, entries[i].Key) % uint64(len(lanes))
		numbers[lane] = append(numbers[lane], i)
	}
	for lane, rest := range numbers {
		lanes[lane] = func() int {
			if len(rest) == 0 {
				return len(entries)
			}
			i := rest[0]
			rest = rest[1:]
			return i
		}
	}
}

// importPart is one Put.
type importPart struct {
	node    *importNode
	entries []engine.Entry

	mu     sync.Mutex // protects all below
	done   int        // the first entry that was not stored
	err    error      // why not
	stored dump.Stored
}

// send sends the entries of a lane, until one fails or there is no use in it since an
// earlier one of another lane has failed. Those before that are sent: the first that
// fails is to be known.
func (p *importPart) send(ctx context.Context, next func() int) {
	for i := next(); !p.useless(i); i = next() {
		if err := p.sendOne(ctx, &p.entries[i]); err != nil {
			p.mu.Lock()
			if i < p.done {
				p.done, p.err = i, err
			}
			p.mu.Unlock()
			return
		}
	}
}

func (p *importPart) useless(i int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return i >= p.done
}

func (p *importPart) sendOne(ctx context.Context, e *engine.Entry) error {
	weight := int64(len(e.Value))
	if err := p.node.room.Acquire(ctx, weight); err != nil {
		return err
	}
	defer p.node.room.Release(weight)
	written, err := p.node.store(ctx, e)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if written {
		p.stored.Written++
		p.stored.Bytes += int64(len(e.Key) + len(e.Value))
	} else {
		p.stored.Existing++
	}
	return nil
}

// store stores an entry in the node, or finds that there is one.
func (n *importNode) store(ctx context.Context, e *engine.Entry) (written bool, err error) {
	key := string(e.Key)
	if n.keep {
		a, err := n.client.ask(ctx, "exist", param{"key", key})
		if err != nil {
			return false, err
		}
		if a.status != http.StatusNotFound {
			return false, a.err()
		}
	}
	params := []param{{"cmd", "set"}, {"key", key}, {"valuedata", string(e.Value)}, {"token", n.currentToken()}}
	if e.Expires != 0 {
		// An entry that has expired on the way does so there, at once.
		left := min(max(1, e.Expires-time.Now().UnixMilli()), maxExptime)
		params = append(params, param{"exptime", strconv.FormatFloat(float64(left)/1000, 'f', 3, 64)})
	}
	a, err := n.client.send(ctx, params)
	if err == nil && a.status == http.StatusUnauthorized {
		if params[3].value, err = n.newToken(ctx, params[3].value); err != nil {
			return false, err
		}
		a, err = n.client.send(ctx, params)
	}
	if err != nil {
		return false, err
	}
	switch a.status {
	case http.StatusInternalServerError, http.StatusRequestEntityTooLarge:
		return false, &dump.RefusedError{Err: fmt.Errorf("%s: %w", n.client.base.Host, a.err())}
	}
	return true, a.err()
}

func (n *importNode) currentToken() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.token
}

// newToken returns a token that is not the one that has expired.
func (n *importNode) newToken(ctx context.Context, expired string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.token != expired {
		return n.token, nil // another request has logged in meanwhile
	}
	token, err := n.client.logIn(ctx)
	if err == nil {
		n.token = token
	}
	return n.token, err
}
