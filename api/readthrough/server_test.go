package readthrough

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeClient is a client that does what a test wants.
type fakeClient func(ctx context.Context, key string) ([]byte, error)

func (f fakeClient) get(ctx context.Context, key string) ([]byte, error) { return f(ctx, key) }
func (fakeClient) close() error                                          { return nil }

// importBy makes a site whose one server does what get does.
func importBy(t *testing.T, opts Options, get fakeClient) *site {
	t.Helper()
	opts.Redis.Addr = "127.0.0.1:1"
	s := importFrom(t, opts)
	if err := s.servers[0].client.close(); err != nil {
		t.Fatal(err)
	}
	s.servers[0].client = get
	return s
}

// A server has so many questions at once and no more; some wait, others are not asked.
func TestTurns(t *testing.T) {
	release := make(chan struct{})
	var mu sync.Mutex
	asking, most := 0, 0
	s := importBy(t, Options{Concurrency: 2}, func(_ context.Context, key string) ([]byte, error) {
		mu.Lock()
		asking++
		most = max(most, asking)
		mu.Unlock()
		<-release
		mu.Lock()
		asking--
		mu.Unlock()
		return []byte(key), nil
	})
	const waiting = 2 * waitingPerTurn
	var clients sync.WaitGroup
	for i := range 2 + waiting {
		clients.Go(func() { s.want(fmt.Sprint("k", i), fmt.Sprint("k", i)) })
	}
	s.eventually("so many wait", func() bool { return s.servers[0].waiting.Load() == waiting })
	s.wantMiss("one too many")
	close(release)
	clients.Wait()
	if st := s.Status()[0]; most != 2 || st.Hits != 2+waiting || st.Skipped != 1 || st.Errors != 0 {
		t.Errorf("%d at once, %+v", most, st)
	}
}

// The time of a miss is bounded: in waiting for a turn, and in the question itself.
func TestTimeLimit(t *testing.T) {
	never := func(ctx context.Context, _ string) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	store := openStore(t)
	synctest.Test(t, func(t *testing.T) {
		opts, err := Options{Redis: RedisOptions{Addr: "a:1", SourceOptions: SourceOptions{MaxFailures: 10}}, Concurrency: 1}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		i := &Importer{store: store, now: time.Now}
		i.running, i.stop = context.WithCancel(t.Context())
		s := newServer("redis", "a:1", opts, opts.Redis.SourceOptions)
		s.client = fakeClient(never)
		i.servers, i.sources = []*server{s}, []source{{0, func(string) *server { return s }}}
		start := time.Now()
		var clients sync.WaitGroup
		for _, key := range []string{"asks", "waits"} {
			clients.Go(func() {
				if _, _, found := i.Import(t.Context(), []byte(key)); found {
					t.Errorf("%s: found", key)
				}
			})
			synctest.Wait()
		}
		clients.Wait()
		if took := time.Since(start); took > time.Second || took < time.Second/2 {
			t.Errorf("it took %v", took)
		}
		if st := s.status(); st.Errors != 1 || st.Skipped != 1 {
			t.Errorf("%+v", st)
		}
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
}

// One question at a time finds out whether a server is well again.
func TestProbe(t *testing.T) {
	for _, well := range []bool{false, true} {
		entered, release := make(chan struct{}, 1), make(chan struct{})
		first := true
		s := importBy(t, Options{Redis: RedisOptions{SourceOptions: SourceOptions{MaxFailures: 1, Pause: time.Millisecond}}}, func(context.Context, string) ([]byte, error) {
			if first {
				first = false
				return nil, errors.New("out of order")
			}
			entered <- struct{}{}
			<-release
			if well {
				return nil, errMiss
			}
			return nil, errors.New("still out of order")
		})
		s.wantMiss("a")
		var clients sync.WaitGroup
		clients.Go(func() {
			s.eventually("it is asked", func() bool { s.wantMiss("b"); return len(entered) == 1 })
		})
		<-entered
		entered <- struct{}{} // for eventually
		skipped := s.Status()[0].Skipped
		s.wantMiss("c")
		if st := s.Status()[0]; st.Skipped != skipped+1 || st.Up {
			t.Errorf("%+v", st)
		}
		close(release)
		clients.Wait()
		if st := s.Status()[0]; st.Up != well {
			t.Errorf("well %v: %+v", well, st)
		}
	}
}

func TestPanicOfAClient(t *testing.T) {
	s := importBy(t, Options{}, func(context.Context, string) ([]byte, error) { panic("the shelf broke") })
	s.wantMiss("k")
	s.wantMiss("k")
	if st := s.Status()[0]; st.Errors != 2 || st.Up || !strings.Contains(s.log.String(), "the shelf broke") {
		t.Errorf("%+v, log %s", st, s.log.String())
	}
}

// What ends because the importer is closed is no failure of the server.
func TestCancelledQuestionIsNoFailure(t *testing.T) {
	s := importBy(t, Options{Redis: RedisOptions{SourceOptions: SourceOptions{MaxFailures: 1}}}, func(ctx context.Context, _ string) ([]byte, error) {
		return nil, fmt.Errorf("asking: %w", context.Canceled)
	})
	s.wantMiss("a")
	s.wantMiss("b")
	if st := s.Status()[0]; !st.Up || st.Skipped != 0 || strings.Contains(s.log.String(), "fails") {
		t.Errorf("%+v, log %s", st, s.log.String())
	}
}
