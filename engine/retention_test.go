package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTicksAreMultiplesOfTheInterval(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		every     time.Duration
		now, want string
	}{
		{time.Minute, "2026-01-02T03:04:05.6Z", "2026-01-02T03:04:00Z"},
		{time.Minute, "2026-01-02T03:04:00Z", "2026-01-02T03:04:00Z"},
		{time.Minute, "2026-01-02T03:03:59.999999999Z", "2026-01-02T03:03:00Z"},
		{7 * time.Hour, "1970-01-01T15:00:00Z", "1970-01-01T14:00:00Z"},
		{time.Second, "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"}, // a clock that was never set
	} {
		if got := (retention{every: c.every}).tick(at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("every %v, at %s: %v", c.every, c.now, got.UTC())
		}
	}
}

func TestWhatIsOver(t *testing.T) {
	const at, grace = 10_000, 1000 // ms
	for name, c := range map[string]struct {
		e    Entry
		want bool
	}{
		"live":                         {Entry{Version: Version{Time: 1 << 16}}, false},
		"live until later":             {Entry{Version: Version{Time: 1 << 16}, Expires: at + 1}, false},
		"just expired":                 {Entry{Version: Version{Time: 1 << 16}, Expires: at}, false},
		"expired within the grace":     {Entry{Version: Version{Time: 1 << 16}, Expires: at - grace + 1}, false},
		"expired for the grace":        {Entry{Version: Version{Time: 1 << 16}, Expires: at - grace}, true},
		"written late, expired at 1":   {Entry{Version: Version{Time: (at - 1) << 16}, Expires: 1}, false},
		"tombstone in the grace":       {Entry{Version: Version{Time: (at - grace + 1) << 16}, Tombstone: true}, false},
		"tombstone after the grace":    {Entry{Version: Version{Time: (at - grace) << 16}, Tombstone: true}, true},
		"tombstone kept from a moment": {Entry{Version: Version{Time: 1 << 16}, Expires: at - 1, Tombstone: true}, false},
		"tombstone kept long enough":   {Entry{Version: Version{Time: 1 << 16}, Expires: at - grace, Tombstone: true}, true},
	} {
		if got := (retention{grace: grace * time.Millisecond}).over(&c.e, at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if (retention{}).over(&c.e, at) {
			t.Errorf("%s: over with no grace", name)
		}
	}
}

// TestNodesForgetAtTheSameMoment: nodes that were started at different times drop the
// same entries at the same ticks, so that their digests are equal behind each.
func TestNodesForgetAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := Options{TombstoneGrace: 3 * time.Minute, Sync: "no"}
		start := time.Now() // midnight
		time.Sleep(17 * time.Second)
		a := startNode(t, t.TempDir(), opts)
		time.Sleep(25 * time.Second)
		b := startNode(t, t.TempDir(), opts)
		mustSet(t, a, "stays", "x", 0)
		mustSet(t, a, "expires", "x", start.Add(100*time.Second).UnixMilli())
		mustSet(t, a, "deleted", "x", 0)
		if err := a.Delete([]byte("deleted")); err != nil {
			t.Fatal(err)
		}
		if m, err := b.Merge(entriesOf(a)); err != nil || m.Taken != 3 {
			t.Fatalf("%+v, %v", m, err)
		}
		for _, c := range []struct {
			at               time.Duration // since midnight
			keys, tombstones int64
		}{
			{60*time.Second + 1, 2, 1},
			{119 * time.Second, 2, 1}, // expired, not swept
			{120*time.Second + 1, 1, 2},
			{239 * time.Second, 1, 2},   // deleted at 42 s: over, but not swept
			{240*time.Second + 1, 1, 1}, // "deleted" is forgotten
			{299 * time.Second, 1, 1},   // "expires", gone since 100 s, is kept until 280 s
			{300*time.Second + 1, 1, 0},
		} {
			time.Sleep(c.at - time.Since(start))
			synctest.Wait()
			for i, s := range []*node{a, b} {
				if st := s.Stats(); st.Keys != c.keys || st.Tombstones != c.tombstones {
					t.Fatalf("node %d after %v: %d keys and %d tombstones, want %+v", i, c.at, st.Keys, st.Tombstones, c)
				}
			}
			var da, db Digest
			a.Digest(&da)
			b.Digest(&db)
			if da != db {
				t.Fatalf("after %v the digests differ", c.at)
			}
		}
		mustStop(t, a)
		mustStop(t, b)
	})
}

// TestNodeForgetsWhatWasDueWhileItWasAway: it does not wait for the next tick.
func TestNodeForgetsWhatWasDueWhileItWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := Options{TombstoneGrace: time.Hour, Sync: "no"}
		s := startNode(t, t.TempDir(), opts)
		time.Sleep(30 * time.Second) // between two ticks
		mustSet(t, s, "stays", "x", 0)
		mustSet(t, s, "expires soon", "x", time.Now().Add(time.Minute).UnixMilli())
		mustSet(t, s, "expires late", "x", time.Now().Add(90*time.Minute).UnixMilli())
		mustStop(t, s)
		time.Sleep(2 * time.Hour)
		s = startNode(t, s.dir.Path(), opts)
		synctest.Wait()
		if st := s.Stats(); st.Keys != 1 || st.Tombstones != 1 || st.Expired != 2 {
			t.Errorf("%d keys, %d tombstones, %d expired", st.Keys, st.Tombstones, st.Expired)
		}
		mustStop(t, s)
	})
}
