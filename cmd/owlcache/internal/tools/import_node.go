package tools

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

	"owlcache/cmd/owlcache/internal/client"
	"owlcache/engine"
	"owlcache/engine/dump"
)

// importNode is a running node as a dump.Target.
type importNode struct {
	session *client.Session
	keep    bool
	seed    maphash.Seed
	room    *semaphore.Weighted // bytes of values on their way
}

func newImportNode(s *client.Session, keep bool) *importNode {
	return &importNode{session: s, keep: keep, seed: maphash.MakeSeed(), room: semaphore.NewWeighted(64 << 20)}
}

// openNode logs in. It is the Open of dump.ImportOptions.
func (im *importer) openNode(ctx context.Context) (dump.Target, error) {
	f := &im.flags.node
	c, err := f.Client(f.Addr, false, im.p.Env)
	if err != nil {
		return nil, err
	}
	im.closeTarget = func() error {
		c.Close()
		return nil
	}
	session := client.NewSession(c, "")
	_, err = session.Token(ctx, "")
	return newImportNode(session, im.flags.keep), err
}

// Put sends entries in several requests at a time. Entries of one key go one after the other.
func (n *importNode) Put(ctx context.Context, entries []engine.Entry) (done int, stored dump.Stored, err error) {
	p := importPart{node: n, entries: entries, done: len(entries)}
	senders := make([]func() int, 128) // requests at a time
	if dump.Distinct(entries) {
		var last atomic.Int64
		next := func() int { return int(last.Add(1)) - 1 }
		for i := range senders {
			senders[i] = next
		}
	} else {
		n.byKey(entries, senders)
	}
	var wait sync.WaitGroup
	for _, next := range senders {
		wait.Go(func() { p.send(ctx, next) })
	}
	wait.Wait()
	if ctx.Err() != nil { // requests were cut off, which is no fault of the node
		p.err = ctx.Err()
	}
	return p.done, p.stored, p.err
}

// byKey gives each sender the entries of some keys. A sender is a function that returns the
// number of its next entry, one behind the last if there is none.
func (n *importNode) byKey(entries []engine.Entry, senders []func() int) {
	numbers := make([][]int, len(senders))
	for i := range entries {
		sender := maphash.Bytes(n.seed, entries[i].Key) % uint64(len(senders))
		numbers[sender] = append(numbers[sender], i)
	}
	for sender, rest := range numbers {
		senders[sender] = func() int {
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

// send sends the entries of a sender, until one fails or there is no use in it since an earlier one of
// another sender has failed. Those before that are sent: the first that fails is to be known.
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
		a, err := n.session.Ask(ctx, "exist", client.Param{Name: "key", Value: key})
		if err != nil {
			return false, err
		}
		if a.Status != http.StatusNotFound {
			return false, a.Err()
		}
	}
	params := []client.Param{{Name: "key", Value: key}, {Name: "valuedata", Value: string(e.Value)}}
	if e.Expires != 0 {
		const maxExptime = 9223372036 * 1000 // milliseconds: 292 years, the longest that a node takes
		// An entry that has expired on the way does so there, at once.
		left := min(max(1, e.Expires-time.Now().UnixMilli()), maxExptime)
		params = append(params, client.Param{Name: "exptime", Value: strconv.FormatFloat(float64(left)/1000, 'f', 3, 64)})
	}
	a, err := n.session.Write(ctx, "set", params...)
	if err != nil {
		return false, err
	}
	switch a.Status {
	case http.StatusInternalServerError, http.StatusRequestEntityTooLarge:
		return false, &dump.RefusedError{Err: fmt.Errorf("%s: %w", n.session.Host(), a.Err())}
	}
	return true, a.Err()
}
