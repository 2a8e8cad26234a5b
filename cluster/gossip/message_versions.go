package gossip

// A vector in a message: 2 bytes, the number of its elements, and for each of them, which
// ascend by node,
//
//	0  8  node
//	8  8  version time

func appendVersions(dst []byte, list []versionOf) []byte {
	dst = le.AppendUint16(dst, uint16(len(list)))
	for _, v := range list {
		dst = le.AppendUint64(dst, v.node)
		dst = le.AppendUint64(dst, v.time)
	}
	return dst
}

func (r *reader) versions() []versionOf {
	n := int(r.u16())
	if n > len(r.b)/16 {
		r.bad = errShort
		return nil
	}
	list := make([]versionOf, n)
	for i := range list {
		list[i] = versionOf{node: r.u64(), time: r.u64()}
		if i > 0 && list[i].node <= list[i-1].node {
			r.bad = errField
		}
	}
	return list
}
