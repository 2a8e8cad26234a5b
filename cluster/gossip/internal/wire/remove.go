package wire

// Remove tells a member that an operator has removed a node:
//
//	10  8  id of the node, 0 = only the address is known
//	18  8  when, Unix ms, clock of the sender
//	26  2  length of the address
//	28     its address, IP:PORT
type Remove struct {
	Sender  uint64
	Node    uint64
	At      int64
	Address string
}

// MaxAddress is the longest address, in bytes: an IPv6 address with a zone.
const MaxAddress = 128

// Append adds the message to dst.
func (m *Remove) Append(dst []byte) []byte {
	dst = AppendHeader(dst, KindRemove, m.Sender)
	dst = le.AppendUint64(dst, m.Node)
	dst = le.AppendUint64(dst, uint64(m.At))
	dst = le.AppendUint16(dst, uint16(len(m.Address)))
	return append(dst, m.Address...)
}

// Parse takes a message apart, header and all.
func (m *Remove) Parse(b []byte) error {
	r := reader{b: b}
	if kind, format := r.u8(), r.u8(); kind != KindRemove || format != Format {
		return errField
	}
	m.Sender, m.Node, m.At = r.u64(), r.u64(), int64(r.u64())
	n := int(r.u16())
	if n > MaxAddress {
		return errField
	}
	m.Address = string(r.bytes(n))
	return r.end()
}
