package gossip

import "cmp"

// A vector in a message: 2 bytes, the number of its elements, and for each of them, which
// ascend by node, then version,
//
//	0  8  node
//	8  8  version time: the writes of the node behind this one have been seen,
//	16 8  up to this one

const spanSize = 24

// span is the versions behind after, up to last.
type span struct{ after, last uint64 }

// spanOf is a span of the writes of a node.
type spanOf struct {
	node uint64
	span
}

func (s spanOf) compare(o spanOf) int {
	return cmp.Or(cmp.Compare(s.node, o.node), cmp.Compare(s.after, o.after))
}

func appendVersions(dst []byte, list []spanOf) []byte {
	dst = le.AppendUint16(dst, uint16(len(list)))
	for _, v := range list {
		dst = le.AppendUint64(dst, v.node)
		dst = le.AppendUint64(dst, v.after)
		dst = le.AppendUint64(dst, v.last)
	}
	return dst
}

func (r *reader) versions() []spanOf {
	n := int(r.u16())
	if n > len(r.b)/spanSize {
		r.bad = errShort
		return nil
	}
	list := make([]spanOf, n)
	for i := range list {
		list[i] = spanOf{node: r.u64(), span: span{after: r.u64(), last: r.u64()}}
		if !list[i].follows(list[:i]) {
			r.bad = errField
		}
	}
	return list
}

// follows tells whether s may stand behind the others.
func (s spanOf) follows(others []spanOf) bool {
	if s.last <= s.after || len(others) == 0 {
		return s.last > s.after
	}
	before := others[len(others)-1]
	return before.node < s.node || before.node == s.node && before.last <= s.after
}
