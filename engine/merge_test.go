package engine

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/engine/internal/format"
	"owlcache/wal/crashfs"
)

// TestWhatAMergeTakes has the rules for entries of other nodes, with tombstones and
// without.
func TestWhatAMergeTakes(t *testing.T) {
	now := time.Now()
	ms := func(d time.Duration) int64 { return now.Add(d).UnixMilli() }
	at := func(d time.Duration) Version {
		return Version{Time: format.HybridTime(now.Add(d)), Node: 9}
	}
	taken, stale, skewed, invalid := Merged{Taken: 1}, Merged{Stale: 1}, Merged{Skewed: 1}, Merged{Invalid: 1}
	for name, c := range map[string]struct {
		e             Entry
		want, without Merged // with a grace of one hour, and with none
	}{
		"new":                        {Entry{Version: at(0), Value: []byte("v")}, taken, taken},
		"old":                        {Entry{Version: at(-48 * time.Hour), Value: []byte("v")}, taken, taken},
		"a little ahead":             {Entry{Version: at(300 * time.Millisecond)}, taken, taken},
		"ahead":                      {Entry{Version: at(10 * time.Second)}, skewed, skewed},
		"expires later":              {Entry{Version: at(0), Expires: ms(time.Hour)}, taken, taken},
		"expired":                    {Entry{Version: at(-time.Hour), Expires: ms(-time.Minute)}, taken, taken},
		"expired long ago":           {Entry{Version: at(-3 * time.Hour), Expires: ms(-2 * time.Hour)}, stale, taken},
		"written expired":            {Entry{Version: at(-time.Minute), Expires: 1}, taken, taken},
		"tombstone":                  {Entry{Version: at(0), Tombstone: true}, taken, stale},
		"tombstone ahead":            {Entry{Version: at(10 * time.Second), Tombstone: true}, skewed, skewed},
		"old tombstone":              {Entry{Version: at(-2 * time.Hour), Tombstone: true}, stale, stale},
		"tombstone of an expiry":     {Entry{Version: at(-2 * time.Hour), Expires: ms(-time.Minute), Tombstone: true}, taken, stale},
		"tombstone of an old expiry": {Entry{Version: at(-3 * time.Hour), Expires: ms(-2 * time.Hour), Tombstone: true}, stale, stale},
		"tombstone of a near expiry": {Entry{Version: at(0), Expires: ms(300 * time.Millisecond), Tombstone: true}, taken, stale},
		"tombstone of a later one":   {Entry{Version: at(0), Expires: ms(10 * time.Second), Tombstone: true}, skewed, stale},
		"no version":                 {Entry{Value: []byte("v")}, invalid, invalid},
		"negative expiry":            {Entry{Version: at(0), Expires: -1}, invalid, invalid},
		"negative creation":          {Entry{Version: at(0), Created: -1}, invalid, invalid},
		"expiry out of range":        {Entry{Version: at(0), Expires: format.MaxExpires + 1, Tombstone: true}, invalid, invalid},
		"long value":                 {Entry{Version: at(0), Value: make([]byte, 101)}, invalid, invalid},
	} {
		for grace, want := range map[time.Duration]Merged{time.Hour: c.want, 0: c.without} {
			s, err := tryUnswept(t.TempDir(), Options{TombstoneGrace: grace, MaxValueSize: 100, Sync: "no"})
			if err != nil {
				t.Fatal(err)
			}
			c.e.Key = []byte("k")
			if got, err := s.Merge([]Entry{c.e}); err != nil || got != want {
				t.Errorf("%s, grace %v: %+v, %v; want %+v", name, grace, got, err, want)
			}
			st := s.Stats()
			if st.SkewDenied != uint64(want.Skewed) || st.Keys+st.Tombstones != int64(want.Taken) || st.Ops != uint64(want.Taken) {
				t.Errorf("%s, grace %v: %+v", name, grace, st)
			}
			mustStop(t, s)
		}
	}
}

// TestEntriesLeavesOutWhatNobodyTakes: what Merge would call stale is not offered.
func TestEntriesLeavesOutWhatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour, Sync: "no"})
		synctest.Wait() // for the sweep at the start
		old := Version{Time: format.HybridTime(time.Now().Add(-2 * time.Hour)), Node: 9}
		long := time.Now().Add(-90 * time.Minute).UnixMilli()
		for key, e := range map[string]Entry{
			"live":                       {Version: old},
			"expired":                    {Version: old, Expires: time.Now().UnixMilli()},
			"expired long ago":           {Version: old, Expires: long},
			"deleted":                    {Version: old, Tombstone: true},
			"tombstone of an expiry":     {Version: old, Expires: time.Now().UnixMilli(), Tombstone: true},
			"tombstone of an old expiry": {Version: old, Expires: long, Tombstone: true},
		} {
			e.Key = []byte(key)
			s.table.Apply(&format.Record{Kind: format.RecordSet, Entry: e})
		}
		got := map[string]bool{}
		for _, e := range entriesOf(s) {
			got[string(e.Key)] = true
		}
		if n := len(s.Items(nil, allHashes)); n != 6 || len(got) != 3 || !got["live"] || !got["expired"] || !got["tombstone of an expiry"] {
			t.Errorf("%d items, entries %v", n, got)
		}
		mustStop(t, s)
	})
}

// TestLargeMerge has more than one log record, and more than one batch, may hold.
func TestLargeMerge(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{Sync: "no", TombstoneGrace: time.Hour})
	v := Version{Time: format.HybridTime(time.Now()), Node: 9}
	var entries []Entry
	for i := range 5 {
		entries = append(entries, Entry{Key: fmt.Appendf(nil, "big%d", i), Value: make([]byte, MaxValueSize), Version: v})
	}
	for i := range 3*mergeBatch + 1 {
		entries = append(entries, Entry{Key: fmt.Appendf(nil, "small%d", i), Version: v})
	}
	entries = append(entries, entries[len(entries)-1]) // the last one twice
	want := Merged{Taken: len(entries) - 1, Stale: 1}
	if m, err := s.Merge(entries); err != nil || m != want {
		t.Fatalf("%+v, %v", m, err)
	}
	if st := s.Stats(); st.Keys != int64(want.Taken) {
		t.Fatalf("%d keys, want %d", st.Keys, want.Taken)
	}
	if m, err := s.Merge(nil); err != nil || m != (Merged{}) {
		t.Fatalf("of nothing: %+v, %v", m, err)
	}
}

// TestMergeCountsWhatIsDurable: what a failed log did not take is not counted, and not
// there.
func TestMergeCountsWhatIsDurable(t *testing.T) {
	fs := crashfs.New()
	s := startNode(t, t.TempDir(), Options{logFS: fs})
	writes := 0
	fs.Inject = func(op crashfs.Op) error {
		if op.Kind == crashfs.Write {
			if writes++; writes > 1 {
				return syscall.EIO
			}
		}
		return nil
	}
	var entries []Entry
	for i := range 2 * mergeBatch {
		entries = append(entries, Entry{Key: fmt.Append(nil, i), Version: Version{Time: 1, Node: 9}})
	}
	m, err := s.Merge(entries)
	if !errors.Is(err, ErrReadOnly) || m != (Merged{Taken: mergeBatch}) || s.Stats().Keys != mergeBatch {
		t.Fatalf("%+v, %v, %d keys", m, err, s.Stats().Keys)
	}
}

func TestMergeKeepsTheGreaterVersion(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour})
	m := mustSet(t, s, "k", "mine", 0)
	sub := s.Subscribe(1 << 20)
	defer sub.Close()
	older, newer := m.Version, m.Version
	older.Time--
	newer.Time++
	ahead := Version{Time: format.HybridTime(time.Now().Add(time.Minute)), Node: 7}
	for _, c := range []struct {
		name string
		e    Entry
		want Merged
		now  string
	}{
		{"older", Entry{Key: []byte("k"), Value: []byte("old"), Version: older}, Merged{Stale: 1}, "mine"},
		{"same", Entry{Key: []byte("k"), Value: []byte("same"), Version: m.Version}, Merged{Stale: 1}, "mine"},
		{"ahead", Entry{Key: []byte("k"), Value: []byte("ahead"), Version: ahead}, Merged{Skewed: 1}, "mine"},
		{"newer", Entry{Key: []byte("k"), Value: []byte("new"), Version: newer, Created: 5}, Merged{Taken: 1}, "new"},
		{"older tombstone", Entry{Key: []byte("k"), Version: m.Version, Tombstone: true}, Merged{Stale: 1}, "new"},
	} {
		got, err := s.Merge([]Entry{c.e})
		if err != nil || got != c.want {
			t.Fatalf("%s: %+v, %v", c.name, got, err)
		}
		wantValue(t, s, "k", c.now)
	}
	if st := s.Stats(); st.SkewDenied != 1 {
		t.Fatalf("skew denied %d", st.SkewDenied)
	}
	newer.Time++
	if got, err := s.Merge([]Entry{{Key: []byte("k"), Version: newer, Tombstone: true}}); err != nil || got.Taken != 1 {
		t.Fatalf("tombstone: %+v, %v", got, err)
	}
	wantMiss(t, s, "k")
	if next := mustSet(t, s, "k", "again", 0); next.Version.Compare(newer) <= 0 {
		t.Fatalf("version %v is not above %v", next.Version, newer)
	}
	changes, ok := sub.Next(context.Background())
	if !ok || len(changes) != 1 || string(changes[0].Value) != "again" {
		t.Fatalf("the feed carries local writes only: %+v", changes)
	}
}

func TestMergeLeavesOutTheMalformed(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{MaxValueSize: 10})
	v := Version{Time: 1, Node: 9}
	m, err := s.Merge([]Entry{
		{Key: []byte("good"), Value: []byte("x"), Version: v},
		{Key: []byte("long"), Value: make([]byte, 11), Version: v},
		{Value: []byte("no key"), Version: v},
	})
	if m != (Merged{Taken: 1, Invalid: 2}) || err != nil {
		t.Fatalf("%+v, %v", m, err)
	}
	wantValue(t, s, "good", "x")
}
