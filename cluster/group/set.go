package group

import (
	"net/netip"
	"strings"

	"owlcache/cluster"
)

// memberSet is what the group makes of its list: each node once, and the node itself
// apart. It does not change.
type memberSet struct {
	list    []string // that it is of
	order   []string // its addresses, each once, the node itself among them
	members []*member
	byName  map[string]*member
	self    map[string]bool
	name    string // of the node itself: as the list has it, else the first of its own
}

// newMemberSet takes the members that old has, and makes the others.
func newMemberSet(list, self []string, old *memberSet, newMember func(address string) *member) *memberSet {
	s := &memberSet{list: list, byName: map[string]*member{}, self: map[string]bool{}}
	for _, address := range self {
		s.self[canonical(address)] = true
	}
	if len(self) > 0 {
		s.name = self[0]
	}
	seen := map[string]bool{}
	for _, address := range list {
		key := canonical(address)
		if s.isSelf(key) {
			key = "" // under several addresses it is still one node
			if !seen[key] {
				s.name = canonical(address) // which is how others know it
			}
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		s.order = append(s.order, address)
		if key == "" {
			continue
		}
		m := old.find(address)
		if m == nil || m.address != address {
			m = newMember(address)
		}
		s.members = append(s.members, m)
		s.byName[key] = m
	}
	return s
}

func (s *memberSet) isOf(list []string) bool {
	return len(s.list) == len(list) && (len(list) == 0 || &s.list[0] == &list[0])
}

// isSelf tells whether address is the node's own. The loopback addresses are too many to
// be listed: all of them reach who listens on every address.
func (s *memberSet) isSelf(address string) bool {
	address = canonical(address)
	if s.self[address] {
		return true
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil || !a.Addr().Is4() || !a.Addr().IsLoopback() {
		return false
	}
	return s.self[netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port()).String()]
}

func (s *memberSet) find(address string) *member { return s.byName[canonical(address)] }

// pick returns who is asked for target: the node itself and all members if it is empty.
func (s *memberSet) pick(target string) (self bool, members []*member) {
	if target == "" {
		return true, s.members
	}
	if s.isSelf(target) {
		return true, nil
	}
	if m := s.find(target); m != nil {
		return false, []*member{m}
	}
	return false, nil
}

func canonical(address string) string {
	if a, err := cluster.ParseAddress(address); err == nil {
		return a
	}
	return strings.ToLower(address)
}
