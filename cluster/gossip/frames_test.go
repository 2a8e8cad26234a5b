package gossip

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

// seal encrypts a frame as memberlist does: version 1, nonce, AES-256-GCM.
func seal(t *testing.T, secret string, text, bound []byte) []byte {
	t.Helper()
	key, err := frameKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, 12)
	return append(append([]byte{1}, nonce...), gcm.Seal(nil, nonce, text, bound)...)
}

func labelled(label string, b []byte) []byte {
	return append(append([]byte{labelMark, byte(len(label))}, label...), b...)
}

// streamFrame is a frame of a stream.
func streamFrame(t *testing.T, secret, label string, text []byte) []byte {
	t.Helper()
	head := binary.BigEndian.AppendUint32([]byte{frameMark}, uint32(1+12+len(text)+16))
	return labelled(label, append(head, seal(t, secret, text, append(head[:5:5], label...))...))
}

// packetFrame is a frame of a packet.
func packetFrame(t *testing.T, secret, label string, text []byte) []byte {
	t.Helper()
	return labelled(label, seal(t, secret, text, []byte(label)))
}

// userText is a message for NotifyMsg within a frame of a stream; userMsg is 8.
func userText(msg string) []byte {
	// A msgpack map of one field, as memberlist writes it.
	head := append([]byte{8, 0x81, 0xaa}, "UserMsgLen"...)
	return append(append(head, byte(len(msg))), msg...)
}

func sendStream(t *testing.T, n *testNode, b []byte) {
	t.Helper()
	c, err := net.Dial("tcp", n.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // all was sent or refused
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.Copy(io.Discard, c) // until the node has done with it
}

// sendInTwo has the version of the encryption arrive by itself.
func sendInTwo(t *testing.T, n *testNode, b []byte) {
	t.Helper()
	c, err := net.Dial("tcp", n.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // all was sent or refused
	if _, err := c.Write(b[:headVersion]); err != nil {
		t.Fatal(err)
	}
	until(t, "the first part is read", func() bool { return n.port.limits.streams() > 0 })
	_, _ = c.Write(b[headVersion:])
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.Copy(io.Discard, c)
}

// withByte returns a copy of b in which one byte is another one.
func withByte(b []byte, i int, v byte) []byte {
	b = bytes.Clone(b)
	b[i] = v
	return b
}

func sendPacket(t *testing.T, n *testNode, b []byte) {
	t.Helper()
	c, err := net.Dial("udp", n.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // all was sent
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

// forgedFrame is a frame that a node has to refuse.
type forgedFrame struct {
	name  string
	send  func(*testing.T, *testNode, []byte)
	frame []byte
	bad   bool // a message rather than a frame
}

// TestForgedFrames holds that what has not got the key is counted and changes nothing:
// the counters depend on the words of memberlist's log.
func TestForgedFrames(t *testing.T) {
	t.Parallel()
	n := startNode(t, options(t, 1, nil))
	hello := userText("hello")
	good := streamFrame(t, testKey, frameLabel, hello)
	sendStream(t, n, good)
	until(t, "a frame with the key arrives", func() bool { return n.fake.has(&n.fake.msgs, "hello") })
	other := strings.Repeat("another key ", 3)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	// Where memberlist looks for the length of the padding there is more than there are bytes.
	packet := packetFrame(t, testKey, frameLabel, append([]byte{8}, "a message by packet \xff"...))
	padded := streamFrame(t, testKey, frameLabel, userText("ends with \x7f"))
	sendPacket(t, n, packet)
	until(t, "a packet with the key arrives", func() bool { return n.fake.has(&n.fake.msgs, "a message by packet \xff") })
	if c := n.totals(); c.BadFrames != 0 || c.BadMessages != 0 || c.Refused != 0 {
		t.Fatalf("counters %+v", c)
	}
	cases := []forgedFrame{
		{"stream, other key", sendStream, streamFrame(t, other, frameLabel, hello), false},
		{"stream, other label", sendStream, streamFrame(t, testKey, "owlcache-sync-0", hello), false},
		{"stream, no label", sendStream, good[headLabel:], false},
		{"stream, label of another frame", sendStream, labelled(frameLabel, streamFrame(t, testKey, "x", hello)[3:]), false},
		{"stream, plain", sendStream, labelled(frameLabel, hello), false},
		{"stream, flipped", sendStream, flipped, false},
		{"stream, cut in the text", sendStream, good[:len(good)-5], false},
		{"stream, cut in the length", sendStream, good[:headLabel+3], false},
		{"stream, cut behind the label", sendStream, good[:headLabel], false},
		{"stream, cut in the label", sendStream, good[:6], false},
		{"stream, huge", sendStream, labelled(frameLabel, []byte{frameMark, 0xff, 0xff, 0xff, 0xff, 0}), false},
		{"stream, garbage", sendStream, []byte("GET / HTTP/1.0\r\n\r\n"), false},
		{"stream, version 0", sendStream, withByte(padded, headVersion, 0), false},
		{"stream, version 0, in two parts", sendInTwo, withByte(padded, headVersion, 0), false},
		{"stream, version 2", sendStream, withByte(padded, headVersion, 2), false},
		{"stream, version 0, other label", sendStream, withByte(withByte(padded, headVersion, 0), 2, 'x'), false},
		{"stream, unknown type", sendStream, streamFrame(t, testKey, frameLabel, []byte{77}), true},
		{"stream, bad message", sendStream, streamFrame(t, testKey, frameLabel, []byte{8, 0xc1}), true},
		{"packet, other key", sendPacket, packetFrame(t, other, frameLabel, hello), false},
		{"packet, other label", sendPacket, packetFrame(t, testKey, "x", hello), false},
		{"packet, no label", sendPacket, packet[headLabel:], false},
		{"packet, cut", sendPacket, packet[:len(packet)-1], false},
		{"packet, cut in the label", sendPacket, packet[:5], false},
		{"packet, empty label", sendPacket, []byte{labelMark, 0, 1}, false},
		{"packet, plain", sendPacket, labelled(frameLabel, hello), false},
		{"packet, garbage", sendPacket, []byte("hello"), false},
		{"packet, version 0", sendPacket, withByte(packet, headLabel, 0), false},
		{"packet, version 2", sendPacket, withByte(packet, headLabel, 2), false},
		{"packet, nothing", sendPacket, packet[:headLabel], false},
		{"packet, unknown type", sendPacket, packetFrame(t, testKey, frameLabel, []byte{77, 1}), true},
		{"packet, bad alive message", sendPacket, packetFrame(t, testKey, frameLabel, []byte{4, 0xc1}), true},
	}
	for _, tc := range cases {
		before := n.totals()
		tc.send(t, n, tc.frame)
		want := before
		if tc.bad {
			want.BadMessages++
		} else {
			want.BadFrames++
		}
		until(t, tc.name+" is counted", func() bool { return n.totals() != before })
		if got := n.totals(); got != want {
			t.Errorf("%s: counters %+v, want %+v", tc.name, got, want)
		}
	}
	n.fake.mu.Lock()
	defer n.fake.mu.Unlock()
	if len(n.fake.msgs) != 2 || len(n.Peers()) != 0 {
		t.Fatalf("messages %q, peers %v", n.fake.msgs, n.Peers())
	}
	if got := n.logs.count("level="); got > 12 {
		t.Fatalf("%d lines were logged", got)
	}
	if strings.Contains(n.logs.String(), testKey) {
		t.Fatal("the key is in the log")
	}
}

// A stranger at an address that this node looks for sends back what it gets, as an answer
// of another version.
func TestAnAnswerOfAnotherVersion(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var echo sync.WaitGroup
	defer echo.Wait()
	defer l.Close() //nolint:errcheck // nothing was sent
	echo.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			frame := make([]byte, headVersion)
			if _, err := io.ReadFull(c, frame); err == nil {
				text := make([]byte, binary.BigEndian.Uint32(frame[headLabel+1:]))
				_, _ = io.ReadFull(c, text)
				text[0] = 0
				_, _ = c.Write(append(frame[headLabel:], text...))
			}
			_ = c.Close()
		}
	})
	n := startNode(t, options(t, 1, seedsOf(l.Addr().String())))
	until(t, "the reason is shown", func() bool {
		s := n.shown()
		return len(s) == 1 && strings.Contains(s[0].LastError, "another version")
	})
	if n.totals().BadFrames == 0 {
		t.Fatal("it was not counted")
	}
	n.close(t)
}

// chunks is a connection on which bytes arrive in parts.
type chunks struct {
	net.Conn
	rest []byte
	size int
}

func (c *chunks) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.rest[:min(c.size, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}

func (c *chunks) Close() error { return nil }

func (c *chunks) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func (c *chunks) SetReadDeadline(time.Time) error { return nil }

// FuzzFrameConn holds that memberlist is never given the version of a frame that it must
// not see, in whatever parts it arrives.
func FuzzFrameConn(f *testing.F) {
	for _, version := range []byte{0, 1, 2} {
		f.Add(labelled(frameLabel, []byte{frameMark, 0, 0, 0, 60, version, 1, 2, 3}), 3)
		f.Add([]byte{frameMark, 0, 0, 0, 60, version, 1, 2, 3}, 9)
	}
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		size = 1 + max(size, -size, 0)%64
		l := newInbound(&tally{}, newNotices(discard()), func(netip.Addr) bool { return false })
		if !l.admit(source{}) {
			t.Fatal("not admitted")
		}
		in, _ := io.ReadAll(newFrameConn(&chunks{rest: b, size: size}, l, source{}))
		if head := labelled(frameLabel, []byte{frameMark}); bytes.HasPrefix(in, head) && len(in) > len(head)+4 && in[len(head)+4] != 1 {
			t.Fatalf("in: %q", in)
		}
		out, _ := io.ReadAll(&dialledConn{Conn: &chunks{rest: b, size: size}, limits: l})
		if len(out) > 5 && out[0] == frameMark && out[5] != 1 {
			t.Fatalf("out: %q", out)
		}
		if !bytes.HasPrefix(b, in) {
			t.Fatalf("%q became %q", b, in)
		}
	})
}

func TestAPeerWithAnotherKeyOrLabelGetsNothing(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	o := options(t, 2, seedsOf(a.Address()))
	o.AuthKey = "another key of many bytes"
	b := startNode(t, o)
	o = options(t, 3, seedsOf(a.Address()))
	o.Tune = func(c *memberlist.Config) { quick(c); c.Label = "other" }
	c := startNode(t, o)
	until(t, "the reasons are shown", func() bool {
		p, q := b.shown(), c.shown()
		return len(p) == 1 && strings.Contains(p[0].LastError, "GossipDataSyncAuthKey") && len(q) == 1 && q[0].LastError != ""
	})
	if len(a.Peers())+len(b.Peers())+len(c.Peers()) > 0 || len(a.fake.msgs) > 0 || len(b.fake.msgs) > 0 {
		t.Fatal("something got through")
	}
	if a.totals().BadFrames == 0 {
		t.Fatal("nothing was counted")
	}
}

func TestAKeyIsChangedWithoutAGap(t *testing.T) {
	t.Parallel()
	const newKey = "the new key, sixteen or more"
	oa := options(t, 1, nil)
	oa.AcceptKeys = []string{newKey}
	a := startNode(t, oa)
	ob := options(t, 2, seedsOf(a.Address()))
	ob.AuthKey, ob.AcceptKeys = newKey, []string{testKey}
	meetAll(t, a, startNode(t, ob))
}

func TestTruncatedFramesAreFound(t *testing.T) {
	frame := streamFrame(t, testKey, frameLabel, []byte("text"))
	for i := range frame {
		want := i >= headLabel // what is shorter has no label, which memberlist logs
		if got := isCut(frame[:min(i, headSize)], int64(i)); got != want {
			t.Errorf("%d of %d bytes: %v", i, len(frame), got)
		}
	}
	if isCut(frame[:headSize], int64(len(frame))) || isCut([]byte("GET / HTTP/1.0\r\n\r\n12345"), 100) {
		t.Error("a whole frame, or none, counts as cut")
	}
}
