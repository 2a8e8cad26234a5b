package urlcache

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The log tells that an origin fails and that it is well again, however often that changes at
// most once in a minute; what an origin says is no failure of its own.
func TestFailuresInTheLog(t *testing.T) {
	var log bytes.Buffer
	var status atomic.Int32
	clock := &fakeClock{now: time.Now()}
	b := newBench(t, site(origin(t, func(w http.ResponseWriter, _ *http.Request) {
		if status.Load() == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write(make([]byte, 100))
	})), func(o *Options) {
		o.Logger, o.now, o.MaxValueSize = slog.New(slog.NewTextHandler(&log, nil)), clock.get, 100
	})
	n := 0
	for _, step := range []struct {
		after  time.Duration
		status int32 // 0: the answer breaks off
		want   string
	}{
		{0, 200, ""}, {0, 500, ""}, {0, 404, ""}, {0, 302, ""},
		{0, 0, "the origin fails"}, {0, 0, ""}, {time.Hour, 0, ""},
		{0, 500, "answers again"}, {0, 0, ""}, {0, 200, ""}, {0, 0, ""}, {30 * time.Second, 200, ""}, {0, 0, ""},
		{30 * time.Second, 0, "the origin fails"}, {30 * time.Second, 200, ""}, {30 * time.Second, 200, "answers again"},
	} {
		clock.add(step.after)
		status.Store(step.status)
		log.Reset()
		b.fetch(fmt.Sprint("/", n))
		n++
		if got := log.String(); !strings.Contains(got, step.want) || strings.Count(got, "\n") != min(1, len(step.want)) {
			t.Errorf("step %d, status %d: %q", n, step.status, got)
		}
	}
}

// Each kind of failure is the origin's or is not.
func TestWhoseFailure(t *testing.T) {
	for kind := range numKinds {
		var log bytes.Buffer
		c, err := New(Options{Sites: mustSites(t, site("http://h")), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		c.report((*c.clients.Load())[0], failure(kind, "it is so"))
		want := kind == KindConnect || kind == KindTimeout || kind == KindAnswer
		if (log.Len() > 0) != want {
			t.Errorf("%v: %s", kind, &log)
		}
		c.Close()
	}
}
