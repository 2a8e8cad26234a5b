package group

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// checkBytes compares the bytes that are counted with those that are there.
func checkBytes(t *testing.T, c *answerCache) (entries int) {
	t.Helper()
	sum := int64(0)
	for i := range c.shards {
		s := &c.shards[i]
		ring := 0
		for e := s.ring.next; e != &s.ring; e = e.next {
			ring++
			sum += e.size()
			if s.entries[e.key] != e {
				t.Errorf("entry %q is in the ring only", e.key)
			}
		}
		if ring != len(s.entries) {
			t.Errorf("%d entries, %d in the ring", len(s.entries), ring)
		}
		entries += ring
	}
	if sum != c.bytes.Load() {
		t.Errorf("%d bytes are counted, %d are there", c.bytes.Load(), sum)
	}
	return entries
}

// kept tells whether there is an answer of m for key.
func kept(c *answerCache, key string, m *member) bool {
	var have [1]slot
	c.view([]byte(key), []*member{m}, have[:])
	return have[0].outcome != unasked
}

func cacheMembers(t *testing.T) []*member {
	fakes := map[string]*fakeAsker{"a:1": {answer: hasNothing}, "b:1": {answer: hasNothing}}
	return startGroup(t, Options{}, listOf("a:1", "b:1"), dialer(t, fakes)).members().members
}

func TestCacheLimit(t *testing.T) {
	const limit = 100_000
	members := cacheMembers(t)
	c := newAnswerCache(limit, time.Hour)
	for i := range 10_000 {
		key := fmt.Sprint(i)
		m := members[i%2]
		c.put(key, slot{member: m, outcome: present, value: make([]byte, i%3000)})
		if c.bytes.Load() > limit {
			t.Fatalf("%d bytes", c.bytes.Load())
		}
		if !kept(c, key, m) {
			t.Fatalf("answer %d is not kept", i)
		}
	}
	if n := checkBytes(t, c); n < 30 {
		t.Errorf("only %d entries fit", n)
	}
	// Replacing and growing answers is counted too.
	for i := range 1000 {
		c.put("same", slot{member: members[i%2], outcome: present, value: make([]byte, i*13%5000)})
	}
	checkBytes(t, c)
	// What is too large for all of it drives nothing out.
	before := checkBytes(t, c)
	c.put("huge", slot{member: members[0], outcome: present, value: make([]byte, limit)})
	if kept(c, "huge", members[0]) || checkBytes(t, c) != before {
		t.Error("an answer larger than the cache was kept")
	}
	// Keys and misses are not for free.
	c = newAnswerCache(limit, time.Hour)
	for i := range 1000 {
		c.put(strings.Repeat("k", 8000)+fmt.Sprint(i), slot{member: members[0], outcome: absent})
	}
	if n := checkBytes(t, c); n > limit/8000 {
		t.Errorf("%d large keys", n)
	}
}

// TestCacheKeepsWhatIsUsed: what nobody asks for goes first.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	m := cacheMembers(t)[0]
	c := newAnswerCache(1<<20, time.Hour)
	c.put("hot", slot{member: m, outcome: present, value: make([]byte, 100)})
	for i := range 20_000 {
		if !kept(c, "hot", m) {
			t.Fatalf("gone after %d others", i)
		}
		c.put(fmt.Sprint(i), slot{member: m, outcome: present, value: make([]byte, 1000)})
	}
}

func TestCacheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fakes := map[string]*fakeAsker{
			"has:1":   {answer: has("v", asktest.At(1))},
			"has-not": {answer: hasNothing},
			"fails:1": {answer: func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, ask.ErrNoNode }},
		}
		names := []string{"has:1", "has-not", "fails:1"}
		g := startGroup(t, Options{CacheLifetime: 3 * time.Second}, listOf(names...), dialer(t, fakes))
		for round := range 3 {
			for range 5 {
				if got := texts(g.Query(t.Context(), []byte("k"), "")); len(got) != 1 || got[0] != "has:1=v" {
					t.Errorf("%v", got)
				}
			}
			for _, name := range names[:2] {
				if n := fakes[name].asked.Load(); n != int64(round+1) {
					t.Errorf("%s was asked %d times in round %d", name, n, round)
				}
			}
			if n := fakes["fails:1"].asked.Load(); n != int64(min(round+1, ask.FailuresToTrip)) {
				t.Errorf("fails:1 was asked %d times in round %d", n, round)
			}
			time.Sleep(3 * time.Second)
		}
		if checkBytes(t, g.cache) != 1 {
			t.Error("the key is not in the cache")
		}
		g.cache.sweep()
		if checkBytes(t, g.cache) != 0 || g.cache.bytes.Load() != 0 {
			t.Error("something is left after the sweep")
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCacheOff: every query asks.
func TestCacheOff(t *testing.T) {
	fake := &fakeAsker{answer: has("v", asktest.At(1))}
	g := startGroup(t, Options{CacheLifetime: -1}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
	for range 5 {
		if got, _ := g.Query(t.Context(), []byte("k"), ""); len(got) != 1 {
			t.Errorf("%v", texts(got))
		}
	}
	if n := fake.asked.Load(); n != 5 || checkBytes(t, g.cache) != 0 {
		t.Errorf("asked %d times", n)
	}
}

// TestCacheForgetsMembersThatLeft: their answers are not served to who comes under the
// same address, and do not pile up.
func TestCacheForgetsMembersThatLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeAsker{answer: has("v", asktest.At(1))}
		list := listOf("a:1")
		g := startGroup(t, Options{CacheLifetime: time.Second}, list, dialer(t, map[string]*fakeAsker{"a:1": fake}))
		for i := range 10 {
			g.Query(t.Context(), []byte("k"), "")
			if n := fake.asked.Load(); n != int64(i+1) {
				t.Errorf("asked %d times", n)
			}
			list.set()
			synctest.Wait()
			g.Query(t.Context(), []byte("k"), "")
			list.set("a:1")
			time.Sleep(2 * time.Second)
		}
		for i := range g.cache.shards {
			for _, e := range g.cache.shards[i].entries {
				if len(e.slots) > 2 {
					t.Errorf("%d answers for one member", len(e.slots))
				}
			}
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}
