package membership

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/transport"
)

// Bounds of looking for the group.
const (
	lookEvery   = 250 * time.Millisecond // at the seeds and at what is due
	triesAtOnce = 8
	triesOthers = triesAtOnce - 2 // of what is no seed
	lately      = time.Hour
	askedFor    = time.Minute      // how long an address is tried that somebody has asked for
	announceFor = 15 * time.Second // since a member has known this node under another address
	announceNew = 5 * time.Second  // since this node has become a member
)

// rejoiner looks for the seeds, and for the peers that were seen, as long as they are not
// live members. No failure ends it.
type rejoiner struct {
	group *Group
	wake  chan struct{}
	wg    sync.WaitGroup // of tries

	mu      sync.Mutex // protects what follows
	targets map[string]*target
	asked   map[string]time.Time // addresses that somebody has asked for, and when
	seeds   []string             // of now
	running int
	others  int       // of those that run, tries of what is no seed
	next    time.Time // announcing
}

func newRejoiner(n *Group) *rejoiner {
	return &rejoiner{
		group: n, wake: make(chan struct{}, 1), targets: make(map[string]*target), asked: make(map[string]time.Time), seeds: n.seedList(),
	}
}

// run looks until ctx ends, and waits for the tries under way.
func (r *rejoiner) run(ctx context.Context) {
	defer r.wg.Wait()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		r.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-tick.C:
		}
	}
}

// onlySelf tells whether each of seeds has been found to be this node.
func (r *rejoiner) onlySelf(seeds []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(seeds, func(address string) bool {
		t := r.targets[address]
		return address != r.group.Address() && (t == nil || !t.self)
	})
}

func (r *rejoiner) kick() { signal(r.wake) }

// ask has an address tried now, and for a while.
func (r *rejoiner) ask(address string) {
	r.mu.Lock()
	r.asked[address] = time.Now()
	if t := r.targets[address]; t != nil {
		t.due, t.fails, t.self = time.Time{}, 0, false
	}
	r.mu.Unlock()
	r.kick()
}

func (r *rejoiner) forget(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.asked, address)
}

func (r *rejoiner) look(ctx context.Context) {
	r.takeSeeds()
	if r.group.Removed() {
		return
	}
	members, saved, now := r.group.members.addresses(), r.group.o.File.List(), time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setTargetsLocked(saved, now)
	var due []*target
	for _, t := range r.targets {
		if !t.trying && !now.Before(t.due) && !r.satisfiedLocked(t, members) {
			due = append(due, t)
		}
	}
	slices.SortFunc(due, func(a, b *target) int { return a.turn().Compare(b.turn()) })
	for _, t := range due {
		if r.running < triesAtOnce && (t.seed || r.others < triesOthers) {
			r.startLocked(ctx, t)
		}
	}
	r.announceLocked(ctx, members, now)
}

// takeSeeds looks whether the list of seeds has changed.
func (r *rejoiner) takeSeeds() {
	seeds := r.group.seedList()
	r.mu.Lock()
	changed := !slices.Equal(r.seeds, seeds)
	if changed {
		for _, a := range seeds {
			if t := r.targets[a]; t != nil {
				t.self, t.due = false, time.Time{}
			}
			if !slices.Contains(r.seeds, a) {
				r.group.o.File.Remember(a) // it was added
			}
		}
		r.seeds = seeds
	}
	r.mu.Unlock()
	if changed {
		r.group.seedsAre(seeds)
	}
}

func (r *rejoiner) setTargetsLocked(saved []peers.Peer, now time.Time) {
	want := make(map[string]bool, len(saved)+len(r.seeds)) // to whether it is a seed
	recent := make(map[string]bool, len(saved))
	for _, p := range saved {
		want[p.Address] = false
		recent[p.Address] = now.Sub(p.Seen) < lately
	}
	maps.DeleteFunc(r.asked, func(_ string, at time.Time) bool { return now.Sub(at) > askedFor })
	for a := range r.asked {
		want[a] = true
	}
	for _, a := range r.seeds {
		want[a] = true
	}
	for a, t := range r.targets {
		if _, ok := want[a]; !ok && !t.trying {
			delete(r.targets, a)
		}
	}
	for a, seed := range want {
		t := r.targets[a]
		if t == nil {
			t = &target{address: a, since: now, due: now}
			r.targets[a] = t
		}
		t.seed, t.soon = seed, seed || recent[a]
	}
}

func (r *rejoiner) satisfiedLocked(t *target, members map[string]uint64) bool {
	if r.known(t.address, members) {
		return true
	}
	if len(t.found) == 0 || slices.ContainsFunc(t.found, func(a string) bool { return !r.known(a, members) }) {
		return false
	}
	// What a name stands for is looked up again now and then.
	return time.Since(t.due) < pauseIdle || slices.Equal(t.found, []string{t.address})
}

// known tells whether nothing new can be found at an address.
func (r *rejoiner) known(address string, members map[string]uint64) bool {
	_, ok := members[address]
	return ok || address == r.group.Address() || r.group.o.File.IsForgotten(address)
}

func (r *rejoiner) startLocked(ctx context.Context, t *target) {
	t.trying = true
	other := 1
	if t.seed {
		other = 0
	}
	r.running++
	r.others += other
	r.wg.Go(func() {
		found, result := r.try(ctx, t.address)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.running--
		r.others -= other
		t.tried(found, result, len(r.group.members.alive()) > 0)
		r.kick()
	})
}

func (r *rejoiner) try(ctx context.Context, address string) (found []string, got tryResult) {
	found, err := transport.Resolve(ctx, address)
	if err != nil {
		return nil, tryResult{err: err}
	}
	members := r.group.members.addresses()
	for _, a := range found {
		if r.known(a, members) {
			continue
		}
		met := r.group.metSelf.Load()
		if err := r.group.joinNow(ctx, a); err != nil {
			got.err = err
			continue
		}
		got.reached = true
		_, member := r.group.members.addresses()[a]
		got.member = got.member || member
		got.self = got.self || !member && r.group.metSelf.Load() != met
	}
	if got.reached {
		got.err = nil
	}
	return found, got
}

// announceLocked tells some members of this node's address, while others still know it by
// another one: it takes them some seconds to find out that nobody is there any more, and
// for one second more they do not believe it.
func (r *rejoiner) announceLocked(ctx context.Context, members map[string]uint64, now time.Time) {
	isNew := now.Sub(time.Unix(0, r.group.begun.Load())) < announceNew
	if now.Before(r.next) || len(members) == 0 || !isNew && !r.group.duplicates.recent(announceFor) {
		return
	}
	r.next = now.Add(time.Second)
	some := slices.Collect(maps.Keys(members))
	rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	for _, a := range some[:min(len(some), 3)] {
		if r.running >= triesAtOnce {
			return
		}
		r.running++
		r.wg.Go(func() {
			_ = r.group.joinNow(ctx, a) // it is a member, so its failure is seen elsewhere
			r.mu.Lock()
			defer r.mu.Unlock()
			r.running--
		})
	}
}

func explain(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, noKey):
		return "it has another key: compare GossipDataSyncAuthKey on both nodes"
	case strings.HasSuffix(strings.TrimSpace(text), "EOF"):
		return "it has closed the connection: it is no node of data sync, or holds too many connections"
	case errors.Is(err, transport.ErrDown):
		return transport.ErrDown.Error()
	}
	return text
}

const seedForgotten = "it was removed from the group: add it to the gossip group again, or take it out of the list"

// shown returns the seeds that lead to no member, and why targets were not reached.
func (r *rejoiner) shown(members map[string]uint64) (seeds []target, errs map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	errs = make(map[string]string)
	for _, a := range slices.Sorted(maps.Keys(r.targets)) {
		t := *r.targets[a]
		at := append([]string{a}, t.found...)
		here := slices.ContainsFunc(at, func(f string) bool { _, ok := members[f]; return ok || f == r.group.Address() })
		gone := slices.ContainsFunc(at, r.group.o.File.IsForgotten)
		switch {
		case here:
			continue // what was not reached before it was a member is of no interest
		case t.seed && gone:
			t.lastErr = seedForgotten
		}
		if t.lastErr != "" {
			errs[a] = t.lastErr
		}
		if t.seed && (gone || !t.self && !t.reached) {
			seeds = append(seeds, t)
		}
	}
	return seeds, errs
}

// Pauses between two tries.
const (
	pauseLeast = 500 * time.Millisecond // after the first failure
	pauseMost  = 3 * time.Second        // of seeds, and of peers that were seen lately
	pauseRare  = time.Minute            // of others, which make way for the former
	pauseIdle  = 30 * time.Second       // of a seed that leads to the group, but under no member's address
	pauseSelf  = 5 * time.Minute        // of a seed that leads back to this node
)

// target is an address that is looked for.
type target struct {
	address string
	seed    bool
	soon    bool // it is a seed, or was seen lately
	since   time.Time
	due     time.Time
	fails   int
	trying  bool
	found   []string // what the address stood for when it was last tried, IP:PORT
	reached bool     // something has answered, when last tried
	self    bool     // and it was this node
	lastErr string
}

// turn puts those that wait into an order: what is not urgent comes later, but comes.
func (t *target) turn() time.Time {
	if t.soon {
		return t.due
	}
	return t.due.Add(pauseRare)
}

type tryResult struct {
	reached bool // something has answered
	self    bool // and it was this node
	member  bool // and what has answered is a live member now
	err     error
}

// tried takes note of a try. inGroup tells whether there are live members.
func (t *target) tried(found []string, got tryResult, inGroup bool) {
	t.trying, t.found, t.reached, t.self, t.lastErr = false, found, got.reached, got.self, ""
	now := time.Now()
	switch {
	case got.err != nil:
		t.lastErr = cluster.OneLine(explain(got.err), maxLogLine)
		most := pauseRare
		if t.soon {
			most = pauseMost
		}
		t.due = now.Add(pauseAfter(t.fails, most, rand.Float64()))
		t.fails++
	case got.self:
		t.due = now.Add(pauseSelf)
	case got.reached && !got.member && inGroup:
		t.fails, t.due = 0, now.Add(pauseIdle)
	default: // it may take a second exchange until both sides agree
		t.fails, t.due = 0, now.Add(pauseLeast)
	}
}

// pauseAfter returns how long to wait after some failures, at most; chance is from 0 to 1.
func pauseAfter(fails int, most time.Duration, chance float64) time.Duration {
	pause := min(float64(pauseLeast)*float64(int(1)<<min(fails, 10)), float64(most))
	return time.Duration(pause * (0.75 + 0.25*chance))
}
