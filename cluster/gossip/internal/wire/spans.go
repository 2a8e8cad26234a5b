package wire

import "cmp"

// Span is the versions behind After, up to Last.
type Span struct{ After, Last uint64 }

// NodeSpan is a span of the writes of a node.
type NodeSpan struct {
	Node uint64
	Span
}

// Compare orders by node, then version.
func (s NodeSpan) Compare(o NodeSpan) int {
	return cmp.Or(cmp.Compare(s.Node, o.Node), cmp.Compare(s.After, o.After))
}

// A version vector in a message: 2 bytes, the number of its elements, and for each of
// them, which ascend,
//
//	0  8  node
//	8  8  version time: the writes of the node behind this one have been seen,
//	16 8  up to this one
const spanSize = 24

func appendVersions(dst []byte, list []NodeSpan) []byte {
	dst = le.AppendUint16(dst, uint16(len(list)))
	for _, v := range list {
		dst = le.AppendUint64(dst, v.Node)
		dst = le.AppendUint64(dst, v.After)
		dst = le.AppendUint64(dst, v.Last)
	}
	return dst
}

func (r *reader) versions() []NodeSpan {
	list := make([]NodeSpan, r.count(int(r.u16()), spanSize))
	for i := range list {
		list[i] = NodeSpan{Node: r.u64(), Span: Span{After: r.u64(), Last: r.u64()}}
		if !list[i].follows(list[:i]) {
			r.bad = errField
		}
	}
	return list
}

// follows tells whether s may stand behind the others.
func (s NodeSpan) follows(others []NodeSpan) bool {
	if s.Last <= s.After || len(others) == 0 {
		return s.Last > s.After
	}
	before := others[len(others)-1]
	return before.Node < s.Node || before.Node == s.Node && before.Last <= s.After
}
