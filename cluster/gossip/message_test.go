package gossip

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine"
)

func messagesForTest() map[string][]byte {
	d := digestMessage{sender: 7, answer: true, clock: 1234, seen: []spanOf{{1, span{2, 3}}, {1, span{5, 6}}, {3, span{0, 4}}}}
	d.digest[0], d.digest[engine.Buckets-1] = 1, ^uint64(0)
	l := listMessage{sender: 7, number: 9, limit: 3, seen: []spanOf{{1, span{2, 3}}}}
	l.add(listedRange{HashRange: bucketRange(0), items: []engine.Item{{Hash: 5, Version: engine.Version{Time: 1, Node: 2}, Tombstone: true}}})
	l.add(listedRange{HashRange: bucketRange(1)})
	l.add(listedRange{HashRange: bucketRange(7), items: []engine.Item{{Hash: 7 << bucketShift}, {Hash: 7 << bucketShift}}})
	e := endMessage{sender: 7, list: 9, parts: 3, upTo: 4, some: true}
	busy := endMessage{sender: 7, list: 9, busy: true}
	p := parts{kind: kindPush, sender: 7, after: 5, last: 8}
	p.add(&engine.Entry{Key: []byte("k"), Value: []byte("value"), Version: engine.Version{Time: 8, Node: 9}, Created: -1, Expires: 2})
	p.add(&engine.Entry{Key: []byte("gone"), Value: []byte{}, Tombstone: true})
	return map[string][]byte{"digest": d.append(nil), "list": l.append(nil), "end": e.append(nil), "busy": busy.append(nil), "push": p.messages()[0]}
}

// again parses a message and makes it anew.
func again(b []byte) ([]byte, error) {
	if len(b) < headerSize {
		return nil, errShort
	}
	switch b[0] {
	case kindDigest:
		var m digestMessage
		err := m.parse(b)
		return m.append(nil), err
	case kindList:
		var m listMessage
		err := m.parse(b)
		return m.append(nil), err
	case kindEnd:
		var m endMessage
		err := m.parse(b)
		return m.append(nil), err
	}
	var m entriesMessage
	if err := m.parse(b); err != nil || len(m.entries) == 0 {
		return b, err
	}
	p := parts{kind: m.kind, sender: m.sender, list: m.list, begun: m.part, after: m.after, last: m.last}
	for i := range m.entries {
		p.add(&m.entries[i])
	}
	return bytes.Join(p.messages(), nil), nil
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
	ranges := func(l ...listedRange) []byte {
		m := listMessage{sender: 1, ranges: l}
		return m.append(nil)
	}
	item := func(h uint64) engine.Item { return engine.Item{Hash: h} }
	for name, b := range map[string][]byte{
		"range upside down":   ranges(listedRange{HashRange: engine.HashRange{First: 2, Last: 1}}),
		"ranges overlap":      ranges(listedRange{HashRange: engine.HashRange{First: 1, Last: 5}}, listedRange{HashRange: engine.HashRange{First: 5, Last: 6}}),
		"item below":          ranges(listedRange{HashRange: engine.HashRange{First: 2, Last: 3}, items: []engine.Item{item(1)}}),
		"item above":          ranges(listedRange{HashRange: engine.HashRange{First: 2, Last: 3}, items: []engine.Item{item(4)}}),
		"items out of order":  ranges(listedRange{HashRange: engine.HashRange{First: 2, Last: 3}, items: []engine.Item{item(3), item(2)}}),
		"too many for length": append(ranges()[:listHeader-2], 0xff, 0xff),
	} {
		if err := new(listMessage).parse(b); err == nil {
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
			b[1] = messageFormat
		}
		got, err := again(b)
		if err == nil && len(b) < partSize && !bytes.Equal(got, b) {
			t.Fatalf("%x became %x", b, got)
		}
	})
}
