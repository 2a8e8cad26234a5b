package wire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine"
)

// part is a range of hashes.
func part(n uint64) engine.HashRange {
	return engine.HashRange{First: n << 52, Last: n<<52 | (1<<52 - 1)}
}

func messagesForTest() map[string][]byte {
	d := Digest{Sender: 7, Answer: true, Clock: 1234, Seen: []NodeSpan{{1, Span{2, 3}}, {1, Span{5, 6}}, {3, Span{0, 4}}}}
	d.Digest[0], d.Digest[engine.Buckets-1] = 1, ^uint64(0)
	l := List{Sender: 7, Number: 9, Limit: 3, Seen: []NodeSpan{{1, Span{2, 3}}}}
	l.Add(ListedRange{HashRange: part(0), Items: []engine.Item{{Hash: 5, Version: engine.Version{Time: 1, Node: 2}, Tombstone: true}}})
	l.Add(ListedRange{HashRange: part(1)})
	l.Add(ListedRange{HashRange: part(7), Items: []engine.Item{{Hash: 7 << 52}, {Hash: 7 << 52}}})
	e := End{Sender: 7, List: 9, Parts: 3, UpTo: 4, Some: true}
	busy := End{Sender: 7, List: 9, Busy: true}
	p := Parts{Kind: KindPush, Sender: 7, After: 5, Last: 8}
	p.Add(&engine.Entry{Key: []byte("k"), Value: []byte("value"), Version: engine.Version{Time: 8, Node: 9}, Created: -1, Expires: 2})
	p.Add(&engine.Entry{Key: []byte("gone"), Value: []byte{}, Tombstone: true})
	return map[string][]byte{"digest": d.Append(nil), "list": l.Append(nil), "end": e.Append(nil), "busy": busy.Append(nil), "push": p.Messages()[0]}
}

// again parses a message and makes it anew.
func again(b []byte) ([]byte, error) {
	if len(b) < HeaderSize {
		return nil, errShort
	}
	switch b[0] {
	case KindDigest:
		var m Digest
		err := m.Parse(b)
		return m.Append(nil), err
	case KindList:
		var m List
		err := m.Parse(b)
		return m.Append(nil), err
	case KindEnd:
		var m End
		err := m.Parse(b)
		return m.Append(nil), err
	}
	var m Entries
	if err := m.Parse(b); err != nil || len(m.Entries) == 0 {
		return b, err
	}
	p := Parts{Kind: m.Kind, Sender: m.Sender, List: m.List, Begun: m.Part, After: m.After, Last: m.Last}
	for i := range m.Entries {
		p.Add(&m.Entries[i])
	}
	return bytes.Join(p.Messages(), nil), nil
}

func TestMessagesSurviveTheirEncoding(t *testing.T) {
	for name, b := range messagesForTest() {
		got, err := again(b)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: %v, %s", name, err, cmp.Diff(got, b))
		}
	}
}

func TestCutMessagesAreRefused(t *testing.T) {
	for name, b := range messagesForTest() {
		for n := 0; n < len(b); n += 1 + len(b)/1000 {
			if _, err := again(b[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes are taken", name, n, len(b))
			}
		}
		if _, err := again(append(bytes.Clone(b), 0)); err == nil {
			t.Errorf("%s: a byte behind the end is taken", name)
		}
	}
}

func TestMalformedListsAreRefused(t *testing.T) {
	ranges := func(l ...ListedRange) []byte {
		m := List{Sender: 1, Ranges: l}
		return m.Append(nil)
	}
	item := func(h uint64) engine.Item { return engine.Item{Hash: h} }
	for name, b := range map[string][]byte{
		"range upside down":   ranges(ListedRange{HashRange: engine.HashRange{First: 2, Last: 1}}),
		"ranges overlap":      ranges(ListedRange{HashRange: engine.HashRange{First: 1, Last: 5}}, ListedRange{HashRange: engine.HashRange{First: 5, Last: 6}}),
		"item below":          ranges(ListedRange{HashRange: engine.HashRange{First: 2, Last: 3}, Items: []engine.Item{item(1)}}),
		"item above":          ranges(ListedRange{HashRange: engine.HashRange{First: 2, Last: 3}, Items: []engine.Item{item(4)}}),
		"items out of order":  ranges(ListedRange{HashRange: engine.HashRange{First: 2, Last: 3}, Items: []engine.Item{item(3), item(2)}}),
		"too many for length": append(ranges()[:listHeader-2], 0xff, 0xff),
	} {
		if err := new(List).Parse(b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A message that is taken is the one that its fields would make: nothing in it is
// overlooked.
func FuzzMessage(f *testing.F) {
	for _, b := range messagesForTest() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1 {
			b[1] = Format
		}
		got, err := again(b)
		if err == nil && len(b) < partSize && !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
	})
}
