package membership

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/transport"
)

// heard are the events of a bridge.
type heard struct{ list []string }

func (h *heard) suspected(peer uint64) { h.list = append(h.list, fmt.Sprint("suspected ", peer)) }
func (h *heard) answered(peer uint64, tcpOnly bool) {
	h.list = append(h.list, fmt.Sprint("tcp ", peer, tcpOnly))
}
func (h *heard) failed(peer uint64, why string) {
	h.list = append(h.list, fmt.Sprintf("failed %d %s", peer, why))
}

func TestLogBridge(t *testing.T) {
	for _, tc := range []struct {
		line        string
		want        string // in the log
		heard       string
		bad, badMsg uint64
	}{
		{"[DEBUG] memberlist: Stream connection from=1.2.3.4:5", "", "", 0, 0},
		{"[INFO] memberlist: something new", "level=INFO msg=\"memberlist: something new\"", "", 0, 0},
		{"[ERR] memberlist: Decrypt packet failed: x", "level=WARN", "", 1, 0},
		{"[WARN] memberlist: Compound request had 1 truncated messages", "level=WARN", "", 0, 1},
		{"[WARN] memberlist: Was able to connect to 00000000000000ff over TCP but UDP probes failed, network may be misconfigured", "", "tcp 255 true", 0, 0},
		{"[INFO] memberlist: Suspect 00000000000000ff has failed, no acks received", "", "suspected 255", 0, 0},
		{"[INFO] memberlist: Suspect evil has failed, no acks received", "", "", 0, 0},
		{"[ERR] memberlist: Push/Pull with 00000000000000ff failed: no installed keys could decrypt", "", "failed 255 no installed keys could decrypt", 0, 0},
		{`[ERR] memberlist: discarding packet with unacceptable label "Push/Pull with 00000000000000ff failed: fire": x`, "level=WARN", "", 1, 0},
		{`[ERR] memberlist: discarding stream with unacceptable label "has failed, no acks received 00000000000000ff": x`, "level=WARN", "", 1, 0},
		{`[WARN] memberlist: new words "over TCP but UDP probes failed 00000000000000ff"`, "level=WARN", "", 0, 0},
		{"[WARN] memberlist: Remote node state size is (13631488) limit is (20971520)", "level=WARN", "", 0, 0},
		{"no level\nand \x1b[31mmore\u202e", `level=WARN msg="no level and  [31mmore "`, "", 0, 0},
		{"[WARN] memberlist: " + strings.Repeat("x", 5000), strings.Repeat("x", 200) + "...", "", 0, 0},
	} {
		var count transport.Tally
		logs, events := &logText{}, &heard{}
		bridge := newLogBridge(slog.New(slog.NewTextHandler(logs, nil)), &count, transport.NewNotices(discard()), events)
		log := slog.NewLogLogger(bridge, slog.LevelInfo)
		for range 3 {
			log.Print(tc.line)
		}
		if tc.want == "" && logs.String() != "" || tc.want != "" && !strings.Contains(strings.ReplaceAll(logs.String(), strings.Repeat("x", 281), strings.Repeat("x", 200)), tc.want) {
			t.Errorf("%q: log %s", tc.line, logs)
		}
		if got := strings.Join(events.list, ","); got != strings.TrimSuffix(strings.Repeat(tc.heard+",", 3), ",") && tc.heard != "" || tc.heard == "" && got != "" {
			t.Errorf("%q: heard %s", tc.line, got)
		}
		if count.BadFrames.Load() != 3*tc.bad || count.BadMessages.Load() != 3*tc.badMsg {
			t.Errorf("%q: counted %d and %d", tc.line, count.BadFrames.Load(), count.BadMessages.Load())
		}
		if lines := logs.count("level="); lines > 1 && !strings.HasPrefix(tc.line, "[INFO]") {
			t.Errorf("%q: logged %d times", tc.line, lines)
		}
	}
}

// tcpOnly is a network that swallows packets.
type tcpOnly struct{ *memberlist.NetTransport }

func (tcpOnly) WriteToAddress([]byte, memberlist.Address) (time.Time, error) { return time.Now(), nil }

func TestAPeerThatAnswersOverTCPOnly(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	inner, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
		BindAddrs: []string{"127.0.0.1"}, Logger: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	})
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, 2, seedsOf(a.Address()))
	o.Port.Transport = tcpOnly{inner}
	b := startNode(t, o)
	meetAll(t, a, b)
	until(t, "both say so", func() bool { return a.peer(2).TCPOnly && b.peer(1).TCPOnly })
	if !a.sees(b) || a.logs.count("answers over TCP and not over UDP") != 1 {
		t.Fatal("not one warning, or the peer is gone")
	}
	a.answered(2, false)
	if a.peer(2).TCPOnly || a.logs.count("answers over UDP again") != 1 {
		t.Fatal("it does not end")
	}
}

func TestAPeerThatDoesNotAnswerIsSuspectAndThenGone(t *testing.T) {
	t.Parallel()
	o := options(t, 1, nil)
	o.Tune = func(c *memberlist.Config) { quick(c); c.SuspicionMult = 15 } // so that nobody misses it
	a := startNode(t, o)
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	b.kill(t)
	until(t, "it is a suspect", func() bool { return a.peer(2).State == Suspect })
	until(t, "it is gone", func() bool { return a.peer(2).State == Gone })
	until(t, "the reason is shown", func() bool { return strings.Contains(a.peer(2).LastError, "refused") })
	meetAll(t, a, startNode(t, withPort(b)))
	until(t, "nothing is wrong any more", func() bool { return a.peer(2).LastError == "" })
}

func TestASuccessClearsTheLastError(t *testing.T) {
	t.Parallel()
	o := options(t, 1, nil)
	o.Tune = func(c *memberlist.Config) { quick(c); c.PushPullInterval = time.Hour }
	a := startNode(t, o)
	o = options(t, 2, seedsOf(a.Address()))
	o.Tune = func(c *memberlist.Config) { quick(c); c.PushPullInterval = time.Hour }
	b := startNode(t, o)
	meetAll(t, a, b)
	for what, succeed := range map[string]func() error{
		"a message":   func() error { return a.Send(2, []byte("hello")) },
		"an exchange": func() error { return a.joinNow(t.Context(), b.Address()) },
	} {
		a.failed(2, "connection refused")
		if a.peer(2).LastError == "" {
			t.Fatal("the error is not shown")
		}
		if err := succeed(); err != nil {
			t.Fatal(err)
		}
		if got := a.peer(2).LastError; got != "" {
			t.Errorf("after %s: %s", what, got)
		}
	}
}
