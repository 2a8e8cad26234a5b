package apitest

import (
	"owlcache/api"
	"owlcache/api/classic"
	"slices"
	"strings"
	"sync"
	"testing"
)

// List is a list of members in memory.
type List struct {
	mu        sync.Mutex
	Addresses []string
	changed   int
	Fail      error // answer of every change
}

func (l *List) Members() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Addresses
}

func (l *List) Find(address string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.Addresses, strings.ToLower(address)); i >= 0 {
		return l.Addresses[i], nil
	}
	return "", classic.ErrUnknownMember
}

func (l *List) Add(address string) (string, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	member := strings.ToLower(address)
	switch {
	case l.Fail != nil:
		return "", false, l.Fail
	case member == "":
		return "", false, &classic.MemberError{Reason: "the address is empty"}
	}
	l.changed++
	if slices.Contains(l.Addresses, member) {
		return member, false, nil
	}
	l.Addresses = append(slices.Clone(l.Addresses), member)
	return member, true, nil
}

func (l *List) Remove(address string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	member := strings.ToLower(address)
	i := slices.Index(l.Addresses, member)
	switch {
	case l.Fail != nil:
		return "", l.Fail
	case i < 0:
		return "", classic.ErrUnknownMember
	}
	l.changed++
	l.Addresses = slices.Delete(slices.Clone(l.Addresses), i, i+1)
	return member, nil
}

func (l *List) Changes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *List) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = 0
}

// StartWithLists starts a server with an empty list for each group.
func StartWithLists(t *testing.T, change func(*api.Options)) (n *Node, owlcache, gossip *List) {
	t.Helper()
	owlcache, gossip = &List{}, &List{}
	n = Start(t, func(o *api.Options) {
		o.Owlcache, o.Gossip = owlcache, gossip
		if change != nil {
			change(o)
		}
	})
	return n, owlcache, gossip
}
