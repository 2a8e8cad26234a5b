package cluster

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/engine/datadir"
)

// watching runs f while the files are watched, on a clock that runs only when
// everybody waits.
func watching(t *testing.T, lists *Lists, f func()) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			lists.Watch(ctx)
			close(done)
		}()
		f()
		cancel()
		<-done
	})
}

// moments lets Watch look at the files n times.
func moments(n int) {
	time.Sleep(time.Duration(n)*watchInterval + watchInterval/2)
	synctest.Wait()
}

func TestWatch(t *testing.T) {
	d := listDir(t)
	edit(t, d, datadir.GroupFile, twoMembers)
	lists, log := openLists(t, d)
	l := lists.Owlcache
	watching(t, lists, func() {
		moments(3)
		changed := l.Changed()
		edit(t, d, datadir.GroupFile, `[{"Address":"a:1"}]`)
		moments(3)
		wantMembers(t, l, "a:1")
		select {
		case <-changed:
		default:
			t.Error("nobody was told of the change")
		}
		if log.count("were taken up") != 1 || log.count("added=1 removed=2") != 1 {
			t.Error("the edit is not in the log once")
		}

		// Mistakes are told once each, and the last good list stays.
		for i, broken := range []string{"[\n{", "[{\"Address\":\n\"a:0\"}]", ""} {
			edit(t, d, datadir.GroupFile, broken)
			moments(5)
			wantMembers(t, l, "a:1")
			if got := log.count("cannot be taken up"); got != i+1 {
				t.Errorf("%q: %d log lines, want %d", broken, got, i+1)
			}
		}
		if log.count("server_group_config.json:2:") < 2 {
			t.Error("the lines are not named")
		}
		// However long ago it was emptied: that is an edit with a mistake.
		var mistake *FileError
		if _, _, err := l.Add("b:1"); !errors.As(err, &mistake) || log.count("cannot be taken up") != 3 || fileText(t, d, datadir.GroupFile) != "" {
			t.Errorf("Add: %v", err)
		}
		edit(t, d, datadir.GroupFile, "no list")
		moments(2)
		edit(t, d, datadir.GroupFile, `[{"Address":"a:1"}]`)
		moments(2)
		if log.count("in order again") != 1 {
			t.Error("the correction is not in the log")
		}

		// What the list itself writes is no edit.
		before := log.count("\n")
		if _, _, err := l.Add("c:1"); err != nil {
			t.Error(err)
		}
		moments(3)
		wantMembers(t, l, "a:1", "c:1")
		if log.count("\n") != before {
			t.Error("an own change was taken for an edit")
		}

		// Another file under the name, and none.
		tmp := d.File("x")
		if err := errors.Join(os.WriteFile(tmp, []byte(`[{"Address":"d:1"}]`), 0o600), os.Rename(tmp, d.File(datadir.GroupFile))); err != nil {
			t.Error(err)
		}
		moments(2)
		wantMembers(t, l, "d:1")
		if err := os.Remove(d.File(datadir.GroupFile)); err != nil {
			t.Error(err)
		}
		moments(2)
		wantMembers(t, l)
		wantMembers(t, lists.Gossip)
	})
}

// A program that writes a file bit by bit is waited for.
func TestWatchWaitsForTheEnd(t *testing.T) {
	d := listDir(t)
	edit(t, d, datadir.GossipFile, `[{"Address":"a:1"}]`)
	lists, log := openLists(t, d)
	watching(t, lists, func() {
		moments(0) // between two looks
		for i := range 5 {
			edit(t, d, datadir.GossipFile, strings.Repeat(" ", i))
			time.Sleep(watchInterval)
			synctest.Wait()
		}
		wantMembers(t, lists.Gossip, "a:1")
		edit(t, d, datadir.GossipFile, `[{"Address":"b:1"}]`)
		moments(2)
		wantMembers(t, lists.Gossip, "b:1")
		if log.count("cannot be taken up") != 0 {
			t.Error("a file that was being written was read")
		}
	})
}
