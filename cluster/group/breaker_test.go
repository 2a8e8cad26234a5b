package group

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestSlowMember: it costs one answer the time limit, and then nothing until it is well;
// the others' answers are there all the same.
func TestSlowMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var well atomic.Bool
		slow := &fakeAsker{answer: func(ctx context.Context, key string) (ask.Reply, error) {
			if !well.Load() {
				return never(ctx, key)
			}
			return has("slow", asktest.At(2))(ctx, key)
		}}
		fakes := map[string]*fakeAsker{"fast:1": {answer: has("fast", asktest.At(1))}, "slow:1": slow}
		var logged syncBuffer
		g := startGroup(t, Options{Logger: logTo(&logged)}, listOf("slow:1", "fast:1"), dialer(t, fakes))
		query := func(key string, want time.Duration, answers int) {
			t.Helper()
			start := time.Now()
			if got, _ := g.Query(t.Context(), []byte(key), ""); len(got) != answers || time.Since(start) != want {
				t.Errorf("%s: %v after %v, want %d after %v", key, texts(got), time.Since(start), answers, want)
			}
		}
		query("first", askTime(ask.DefaultRequestTimeout), 1)
		for i := range 100 {
			query(fmt.Sprint("next", i), 0, 1)
		}
		time.Sleep(time.Minute) // it is tried now and then
		synctest.Wait()
		query("later", 0, 1)
		if s := g.Status()[0]; s.State != stateDown || s.LastError != "no answer within 2.7s" || !s.LastContact.IsZero() {
			t.Errorf("%+v", s)
		}
		if n := slow.asked.Load(); n < 5 || n > 10 {
			t.Errorf("it was asked %d times in a minute", n)
		}
		well.Store(true)
		time.Sleep(2 * maxPause)
		synctest.Wait()
		if s := g.Status()[0]; s.State != stateUp || s.LastError != "" || s.LastContact.IsZero() {
			t.Errorf("%+v", s)
		}
		query("later", 0, 2) // also for a key that it was down for
		if n := strings.Count(logged.String(), "\n"); n != 2 {
			t.Errorf("%d lines in the log, want one for each change:\n%s", n, logged.String())
		}
		for _, want := range []string{`level=WARN msg="member of the group is down" member=slow:1 error="no answer within 2.7s"`, `level=INFO msg="member of the group is up again" member=slow:1`} {
			if !strings.Contains(logged.String(), want) {
				t.Errorf("no %s in the log:\n%s", want, logged.String())
			}
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestBreaker: what takes a member out, and what does not.
func TestBreaker(t *testing.T) {
	for _, tt := range []struct {
		name      string
		err       error
		questions int
		down      bool
	}{
		{"refused once", errors.New("connection refused"), 1, false},
		{"refused twice", errors.New("connection refused"), 2, false},
		{"refused three times", errors.New("connection refused"), 3, true},
		{"garbage", ask.ErrNoNode, 3, true},
		{"redirects", ask.StatusError(302), 3, true},
		{"errors", ask.StatusError(500), 3, true},
		{"one timeout", errTimeout(time.Second), 1, true},
		{"values that are too large", ask.ErrTooLarge, 20, false},
		{"questions that are refused", ask.StatusError(431), 20, false},
		{"too much to do here", ask.ErrBusy, 20, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fake := &fakeAsker{answer: func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, tt.err }}
			g := startGroup(t, Options{}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
			for i := range tt.questions {
				g.Query(t.Context(), fmt.Append(nil, i), "")
			}
			s := g.Status()[0]
			if (s.State == stateDown) != tt.down || s.Errors != uint64(tt.questions) || s.Requests != s.Errors || s.LastError == "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestBreakerCountsInARow: an answer between failures keeps a member in.
func TestBreakerCountsInARow(t *testing.T) {
	fake := &fakeAsker{answer: func(_ context.Context, key string) (ask.Reply, error) {
		if strings.HasPrefix(key, "bad") {
			return ask.Reply{}, ask.ErrNoNode
		}
		return ask.Reply{}, nil
	}}
	g := startGroup(t, Options{}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
	for i := range 30 {
		for _, key := range []string{"bad-one", "bad-two", "good"} {
			g.Query(t.Context(), fmt.Append([]byte(key), i), "")
		}
	}
	if s := g.Status()[0]; s.State != stateUp || s.Errors != 60 || s.Requests != 90 {
		t.Errorf("%+v", s)
	}
}

// TestErrorText: what a member says reaches the log and the status as one short line.
func TestErrorText(t *testing.T) {
	got := errorText(errors.New("a\r\nb\x00\xff" + strings.Repeat("x", 1000)))
	if !strings.HasPrefix(got, "a  b \ufffdxx") || len(got) > maxErrorText+10 {
		t.Errorf("%q", got)
	}
}

// TestMemberComesBack: it is asked again without a restart of anything.
func TestMemberComesBack(t *testing.T) {
	n := asktest.StartNode(t, map[string]asktest.Entry{"k": {Value: "v", Created: "2026-11-22 10:50:17 +0000 UTC"}})
	addr := n.Addr
	g := startGroup(t, Options{CacheLifetime: time.Millisecond}, listOf(addr), overHTTP)
	if got := texts(g.Query(t.Context(), []byte("k"), "")); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	n.Close()
	asktest.WaitUntil(t, "the member is down", func() bool {
		g.Query(t.Context(), []byte("k"), "")
		return g.Status()[0].State == stateDown
	})
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skipf("the port was taken meanwhile: %v", err)
	}
	asktest.StartRawOn(t, ln, asktest.Saying(asktest.GoodHead+"Content-Length: 5\r\n\r\nagain"))
	asktest.WaitUntil(t, "the member is asked again", func() bool {
		got, _ := g.Query(t.Context(), []byte("k"), "")
		return len(got) == 1 && string(got[0].Value) == "again"
	})
}
