package group

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cluster/group/ask"
	"owlcache/engine"
)

// Answer is what one node has under a key.
type Answer struct {
	Address string // of the member as the list has it; of the node itself the first of Self
	Value   []byte // not to be changed
	Created time.Time
}

// MemberStatus is what is known of a member.
type MemberStatus struct {
	Address     string
	Self        bool
	State       string           // "up", "down" or "unknown": it has never answered
	LastContact time.Time        // last answer; zero if there was none
	LastError   string           // why the last question had no answer, "" if it had one
	Requests    uint64           // questions sent
	Errors      uint64           // questions without an answer, also those that could not be sent
	CacheHits   uint64           // questions that needed no request
	Latency     engine.Histogram // seconds, of answers
}

const sweepInterval = 15 * time.Second // after which old answers and idle connections are thrown away

// Group asks the members of the owlcache group. All methods may be called concurrently.
//
// One goroutine follows the list and sweeps. Each question to a member has a goroutine
// that ends within Options.RequestTimeout, and each member that is down has one that
// tries it now and then. Close ends them all and waits for them.
type Group struct {
	opts   Options
	dial   func(address string, o ask.Options) asker
	cache  *answerCache
	flying atomic.Int64 // questions under way

	set     atomic.Pointer[memberSet]
	setting sync.Mutex // held while another set is made

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	mu     sync.RWMutex // protects closed: no task begins after it is set
	closed bool
	tasks  sync.WaitGroup
}

// New returns a Group and starts what it needs. Its error names every mistake in o.
func New(o Options) (*Group, error) {
	if o.Mode == WebSocket {
		return newGroup(o, overWebSocket)
	}
	return newGroup(o, overHTTP)
}

func overHTTP(address string, o ask.Options) asker { return ask.NewHTTP(address, o) }

func overWebSocket(address string, o ask.Options) asker { return ask.NewWebSocket(address, o) }

func newGroup(o Options, dial func(string, ask.Options) asker) (*Group, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &Group{opts: o, dial: dial, cache: newAnswerCache(o.CacheBytes, o.CacheLifetime)}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.set.Store(newMemberSet(nil, o.Self, nil, nil))
	g.members()
	g.start(g.watch)
	return g, nil
}

// start runs task in a goroutine that Close waits for, and returns false after Close.
func (g *Group) start(task func()) bool {
	if !g.enter() {
		return false
	}
	go func() {
		defer g.tasks.Done()
		task()
	}()
	return true
}

// enter counts a task that Close waits for, unless Close has begun. Its end is tasks.Done.
func (g *Group) enter() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.closed {
		g.tasks.Add(1)
	}
	return !g.closed
}

// watch follows the list, so that a connection to a member that is not asked begins and
// ends with its membership, and throws away what is too old.
func (g *Group) watch() {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		changed := g.opts.Members.Changed()
		set := g.members()
		select {
		case <-g.ctx.Done():
			return
		case <-changed:
		case <-tick.C:
			g.cache.sweep()
			for _, m := range set.members {
				m.asker.Sweep()
			}
		}
	}
}

func (g *Group) members() *memberSet {
	set := g.set.Load()
	if list := g.opts.Members.Members(); set.isOf(list) {
		return set
	}
	return g.renew()
}

// renew makes a set of the list as it is. Members that stay keep all that is known of
// them; those that have left are closed.
func (g *Group) renew() *memberSet {
	g.setting.Lock()
	defer g.setting.Unlock()
	old, list := g.set.Load(), g.opts.Members.Members()
	if old.isOf(list) || g.ctx.Err() != nil {
		return old
	}
	set := newMemberSet(list, g.opts.Self, old, g.newMember)
	g.set.Store(set)
	for _, m := range old.members {
		if set.find(m.address) != m && !g.start(m.close) {
			m.close()
		}
	}
	return set
}

// Status returns what is known of each member, in the order of the list.
func (g *Group) Status() []MemberStatus {
	set := g.members()
	all := make([]MemberStatus, 0, len(set.order))
	for _, address := range set.order {
		m := set.find(address)
		if m == nil {
			all = append(all, MemberStatus{Address: address, Self: true, State: stateUp})
			continue
		}
		all = append(all, m.status())
	}
	return all
}

// Close ends everything that the group has started and waits for it. Queries under way
// return what they have. It may be called again.
func (g *Group) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.cancel()
	g.setting.Lock() // whoever makes a set now closes its members below
	for _, m := range g.set.Load().members {
		m.close()
	}
	g.setting.Unlock()
	g.tasks.Wait()
	return nil
}
