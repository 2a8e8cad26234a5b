package socket

import (
	"errors"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/api/access"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
)

// testConnection returns a connection of a server with so much memory for large answers.
func testConnection(t *testing.T, memory int64) *connection {
	t.Helper()
	n := node.New(t.Context(), access.Options{}, 1, memory, slog.New(slog.DiscardHandler))
	return newConnection(New(n, Options{}), nil, nil, nil)
}

// TestSocketWaitsForRoomOnce: what others ask over the same connection is not held up by
// each large answer in turn.
func TestSocketWaitsForRoomOnce(t *testing.T) {
	k := testConnection(t, 1<<20)
	answers := k.srv.node.Answers
	starve := func() (feed func()) {
		if !answers.Take(answers.Size) {
			t.Fatal("somebody has taken memory for a large answer")
		}
		return func() { answers.Give(answers.Size) }
	}
	feed := starve()
	answers.Patience = time.Millisecond
	reserve := func(want int64, wantErr error) {
		t.Helper()
		if taken, err := k.reserve(10_000); taken != want || !errors.Is(err, wantErr) {
			t.Errorf("took %d, %v", taken, err)
		}
	}
	reserve(0, fault.ErrAnswersFull)
	answers.Patience = time.Hour // from now on a wait would show
	reserve(0, fault.ErrAnswersFull)
	reserve(0, fault.ErrAnswersFull)
	feed()
	reserve(10_000, nil)
	k.release(10_000)
	feed = starve() // there was room in between, so that it waits again
	go func() {
		for answers.Waiting() == 0 {
			runtime.Gosched()
		}
		feed()
	}()
	reserve(10_000, nil)
	k.release(10_000)
	if !answers.Take(answers.Size) {
		t.Error("something stays taken")
	}
}

// TestSocketReserve: who waits for its turn is woken when the connection ends.
func TestSocketReserve(t *testing.T) {
	k := testConnection(t, 10_000)
	answers := k.srv.node.Answers
	for _, tt := range []struct{ cost, taken int64 }{{0, 0}, {smallAnswer, 0}, {smallAnswer + 1, smallAnswer + 1}} {
		if taken, err := k.reserve(tt.cost); taken != tt.taken || err != nil {
			t.Errorf("%d bytes: took %d, %v", tt.cost, taken, err)
		}
	}
	if taken, err := k.reserve(smallAnswer); taken != 0 || err != nil {
		t.Errorf("a small answer behind a large one: %d, %v", taken, err)
	}
	close(k.leaving)
	if _, err := k.reserve(5000); !errors.Is(err, errLeaving) {
		t.Errorf("while it takes leave: %v", err)
	}
	k.leaving = nil
	close(k.closed)
	if _, err := k.reserve(5000); !errors.Is(err, net.ErrClosed) {
		t.Errorf("when it is closed: %v", err)
	}
	k.release(smallAnswer + 1)
	k.closed = nil
	k.starved.Store(true)
	if taken, err := k.reserve(1 << 30); taken != answers.Size || err != nil {
		t.Errorf("more than there is: took %d, %v", taken, err)
	}
	k.release(answers.Size)
	if !answers.Take(answers.Size) {
		t.Error("something stays taken")
	}
}

// TestSocketSendGivesUp: an answer that is not sent any more gives back what it holds.
func TestSocketSendGivesUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		queued int
		end    func(*connection)
		want   error
	}{
		{"while it takes leave", 0, func(k *connection) { close(k.leaving) }, nil},
		{"it takes leave while it waits", queue, func(k *connection) { close(k.leaving) }, nil},
		{"closed while it waits", queue, func(k *connection) { close(k.closed) }, net.ErrClosed},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := testConnection(t, 1<<20)
			answers := k.srv.node.Answers
			for range tt.queued {
				if err := k.send(answer{}); err != nil {
					t.Fatal(err)
				}
			}
			taken, err := k.reserve(10_000)
			if err != nil {
				t.Fatal(err)
			}
			if tt.queued == 0 {
				tt.end(k)
			}
			go func() {
				if err := k.send(answer{taken: taken}); !errors.Is(err, tt.want) {
					t.Errorf("%s: %v", tt.name, err)
				}
			}()
			synctest.Wait()
			if tt.queued > 0 {
				tt.end(k)
			}
			synctest.Wait()
			if len(k.large) != 0 || !answers.Take(answers.Size) {
				t.Errorf("%s: something stays taken", tt.name)
			}
		})
	}
}
