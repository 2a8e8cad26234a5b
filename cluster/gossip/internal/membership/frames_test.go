package membership

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/transport"
)

// seal encrypts a frame as memberlist does: version 1, nonce, AES-256-GCM.
func seal(t *testing.T, secret string, text, bound []byte) []byte {
	t.Helper()
	keys, err := transport.NewKeyring(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(keys.GetPrimaryKey())
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

// Parts of a frame, as memberlist writes them.
const (
	label     = "owlcache-sync-1"
	labelByte = 244
	frameByte = 10
	labelEnd  = 2 + len(label)   // where the label ends
	versionAt = labelEnd + 1 + 4 // where the version of the encryption is, in a stream
)

func withLabel(name string, b []byte) []byte {
	return append(append([]byte{labelByte, byte(len(name))}, name...), b...)
}

// streamFrame is a frame of a stream.
func streamFrame(t *testing.T, secret, name string, text []byte) []byte {
	t.Helper()
	head := binary.BigEndian.AppendUint32([]byte{frameByte}, uint32(1+12+len(text)+16))
	return withLabel(name, append(head, seal(t, secret, text, append(head[:5:5], name...))...))
}

// packetFrame is a frame of a packet.
func packetFrame(t *testing.T, secret, name string, text []byte) []byte {
	t.Helper()
	return withLabel(name, seal(t, secret, text, []byte(name)))
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

// sendInTwo has the version of the encryption sent by itself.
func sendInTwo(t *testing.T, n *testNode, b []byte) {
	t.Helper()
	c, err := net.Dial("tcp", n.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // all was sent or refused
	if _, err := c.Write(b[:versionAt]); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write(b[versionAt:])
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
	good := streamFrame(t, testKey, label, hello)
	sendStream(t, n, good)
	until(t, "a frame with the key arrives", func() bool { return n.fake.has(&n.fake.msgs, "hello") })
	other := strings.Repeat("another key ", 3)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	// Where memberlist looks for the length of the padding there is more than there are bytes.
	packet := packetFrame(t, testKey, label, append([]byte{8}, "a message by packet \xff"...))
	padded := streamFrame(t, testKey, label, userText("ends with \x7f"))
	sendPacket(t, n, packet)
	until(t, "a packet with the key arrives", func() bool { return n.fake.has(&n.fake.msgs, "a message by packet \xff") })
	if c := n.Counters(); c.BadFrames != 0 || c.BadMessages != 0 || c.Refused != 0 {
		t.Fatalf("counters %+v", c)
	}
	cases := []forgedFrame{
		{"stream, other key", sendStream, streamFrame(t, other, label, hello), false},
		{"stream, other label", sendStream, streamFrame(t, testKey, "owlcache-sync-0", hello), false},
		{"stream, no label", sendStream, good[labelEnd:], false},
		{"stream, label of another frame", sendStream, withLabel(label, streamFrame(t, testKey, "x", hello)[3:]), false},
		{"stream, plain", sendStream, withLabel(label, hello), false},
		{"stream, flipped", sendStream, flipped, false},
		{"stream, cut in the text", sendStream, good[:len(good)-5], false},
		{"stream, cut in the length", sendStream, good[:labelEnd+3], false},
		{"stream, cut behind the label", sendStream, good[:labelEnd], false},
		{"stream, cut in the label", sendStream, good[:6], false},
		{"stream, huge", sendStream, withLabel(label, []byte{frameByte, 0xff, 0xff, 0xff, 0xff, 0}), false},
		{"stream, garbage", sendStream, []byte("GET / HTTP/1.0\r\n\r\n"), false},
		{"stream, version 0", sendStream, withByte(padded, versionAt, 0), false},
		{"stream, version 0, in two parts", sendInTwo, withByte(padded, versionAt, 0), false},
		{"stream, version 2", sendStream, withByte(padded, versionAt, 2), false},
		{"stream, version 0, other label", sendStream, withByte(withByte(padded, versionAt, 0), 2, 'x'), false},
		{"stream, unknown type", sendStream, streamFrame(t, testKey, label, []byte{77}), true},
		{"stream, bad message", sendStream, streamFrame(t, testKey, label, []byte{8, 0xc1}), true},
		{"packet, other key", sendPacket, packetFrame(t, other, label, hello), false},
		{"packet, other label", sendPacket, packetFrame(t, testKey, "x", hello), false},
		{"packet, no label", sendPacket, packet[labelEnd:], false},
		{"packet, cut", sendPacket, packet[:len(packet)-1], false},
		{"packet, cut in the label", sendPacket, packet[:5], false},
		{"packet, empty label", sendPacket, []byte{labelByte, 0, 1}, false},
		{"packet, plain", sendPacket, withLabel(label, hello), false},
		{"packet, garbage", sendPacket, []byte("hello"), false},
		{"packet, version 0", sendPacket, withByte(packet, labelEnd, 0), false},
		{"packet, version 2", sendPacket, withByte(packet, labelEnd, 2), false},
		{"packet, nothing", sendPacket, packet[:labelEnd], false},
		{"packet, unknown type", sendPacket, packetFrame(t, testKey, label, []byte{77, 1}), true},
		{"packet, bad alive message", sendPacket, packetFrame(t, testKey, label, []byte{4, 0xc1}), true},
	}
	for _, tc := range cases {
		before := n.Counters()
		tc.send(t, n, tc.frame)
		want := before
		if tc.bad {
			want.BadMessages++
		} else {
			want.BadFrames++
		}
		until(t, tc.name+" is counted", func() bool { return n.Counters() != before })
		if got := n.Counters(); got != want {
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
			frame := make([]byte, versionAt)
			if _, err := io.ReadFull(c, frame); err == nil {
				text := make([]byte, binary.BigEndian.Uint32(frame[labelEnd+1:]))
				_, _ = io.ReadFull(c, text)
				text[0] = 0
				_, _ = c.Write(append(frame[labelEnd:], text...))
			}
			_ = c.Close()
		}
	})
	n := startNode(t, options(t, 1, seedsOf(l.Addr().String())))
	until(t, "the reason is shown", func() bool {
		s := n.Known()
		return len(s) == 1 && strings.Contains(s[0].LastError, "another version")
	})
	if n.Counters().BadFrames == 0 {
		t.Fatal("it was not counted")
	}
	n.close(t)
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
		p, q := b.Known(), c.Known()
		return len(p) == 1 && strings.Contains(p[0].LastError, "GossipDataSyncAuthKey") && len(q) == 1 && q[0].LastError != ""
	})
	if len(a.Peers())+len(b.Peers())+len(c.Peers()) > 0 || len(a.fake.msgs) > 0 || len(b.fake.msgs) > 0 {
		t.Fatal("something got through")
	}
	if a.Counters().BadFrames == 0 {
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
