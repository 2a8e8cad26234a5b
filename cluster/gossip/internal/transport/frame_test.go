package transport

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"
)

func labelled(label string, b []byte) []byte {
	return append(append([]byte{labelMark, byte(len(label))}, label...), b...)
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

// FuzzConnections holds that memberlist is never given the version of a frame that it must
// not see, in whatever parts it arrives.
func FuzzConnections(f *testing.F) {
	for _, version := range []byte{0, 1, 2} {
		f.Add(labelled(Label, []byte{frameMark, 0, 0, 0, 60, version, 1, 2, 3}), 3)
		f.Add([]byte{frameMark, 0, 0, 0, 60, version, 1, 2, 3}, 9)
	}
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		size = 1 + max(size, -size, 0)%64
		l := newInbound(&Tally{}, NewNotices(slog.New(slog.DiscardHandler)), func(netip.Addr) bool { return false })
		if !l.admit(source{}) {
			t.Fatal("not admitted")
		}
		in, _ := io.ReadAll(newAcceptedConn(&chunks{rest: b, size: size}, l, source{}))
		if head := labelled(Label, []byte{frameMark}); bytes.HasPrefix(in, head) && len(in) > len(head)+4 && in[len(head)+4] != 1 {
			t.Fatalf("in: %q", in)
		}
		out, _ := io.ReadAll(&dialledConn{conn: conn{Conn: &chunks{rest: b, size: size}}, limits: l})
		if len(out) > 5 && out[0] == frameMark && out[5] != 1 {
			t.Fatalf("out: %q", out)
		}
		if !bytes.HasPrefix(b, in) {
			t.Fatalf("%q became %q", b, in)
		}
	})
}

func TestTruncatedFramesAreFound(t *testing.T) {
	frame := labelled(Label, append([]byte{frameMark, 0, 0, 0, 33, frameVersion}, make([]byte, 32)...))
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
