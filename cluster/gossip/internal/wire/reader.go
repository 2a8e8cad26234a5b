package wire

// reader takes a message apart. After the first read beyond its end it returns zeros,
// and end an error.
type reader struct {
	b   []byte
	bad error
}

// bytes returns nil if there are fewer than n.
func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = errShort, nil
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// word returns n bytes, zeros if there are fewer, of a number.
func (r *reader) word(n int) []byte {
	if v := r.bytes(n); v != nil {
		return v
	}
	return make([]byte, n)
}

func (r *reader) u8() byte    { return r.word(1)[0] }
func (r *reader) u16() uint16 { return le.Uint16(r.word(2)) }
func (r *reader) u32() uint32 { return le.Uint32(r.word(4)) }
func (r *reader) u64() uint64 { return le.Uint64(r.word(8)) }

func (r *reader) flag() bool {
	v := r.u8()
	if v > 1 {
		r.bad = errField
	}
	return v == 1
}

// count returns the number of elements that follow, each of at least size bytes.
func (r *reader) count(n, size int) int {
	if n > len(r.b)/size {
		r.bad = errShort
		return 0
	}
	return n
}

func (r *reader) end() error {
	if r.bad == nil && len(r.b) > 0 {
		return errTrailer
	}
	return r.bad
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}
