package cluster

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"owlcache/engine/datadir"
)

// listDir returns a data directory.
func listDir(t *testing.T) *datadir.Dir {
	t.Helper()
	d, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func openLists(t *testing.T, d *datadir.Dir) (*Lists, *logText) {
	t.Helper()
	log := &logText{}
	lists, err := OpenLists(d, ListOptions{Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return lists, log
}

// logText is what a logger has written.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

func edit(t *testing.T, d *datadir.Dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(d.File(name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func fileText(t *testing.T, d *datadir.Dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(d.File(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantMembers(t *testing.T, l *List, want ...string) {
	t.Helper()
	if got := l.Members(); !slices.Equal(got, want) {
		t.Errorf("members %q, want %q", got, want)
	}
	for _, m := range want {
		if !l.Has(m) {
			t.Errorf("Has(%q) is false", m)
		}
	}
}

// The bytes are those that a node of 0.5.1 writes.
const twoMembers = "[\n\t{\n\t\t\"Cmd\": \"\",\n\t\t\"Address\": \"127.0.0.1:7721\",\n\t\t\"Pass\": \"\",\n\t\t\"Token\": \"\"\n\t},\n" +
	"\t{\n\t\t\"Cmd\": \"\",\n\t\t\"Address\": \"[::1]:7723\",\n\t\t\"Pass\": \"\",\n\t\t\"Token\": \"\"\n\t}\n]"

func TestListIsKept(t *testing.T) {
	d := listDir(t)
	lists, _ := openLists(t, d)
	wantMembers(t, lists.Owlcache)
	changed := lists.Owlcache.Changed()
	for _, a := range []string{"127.0.0.1:7721", "[::1]:7723", "127.0.0.1:07721"} {
		if _, _, err := lists.Owlcache.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was told of the change")
	}
	if _, _, err := lists.Gossip.Add("Node.Example:7946"); err != nil {
		t.Fatal(err)
	}
	if got := fileText(t, d, datadir.GroupFile); got != twoMembers {
		t.Errorf("the file is\n%s", got)
	}
	if fi, err := os.Stat(d.File(datadir.GroupFile)); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	again, _ := openLists(t, d)
	wantMembers(t, again.Owlcache, "127.0.0.1:7721", "[::1]:7723")
	wantMembers(t, again.Gossip, "node.example:7946")

	changed = again.Owlcache.Changed()
	if _, err := again.Owlcache.Remove("[::1]:7729"); !errors.Is(err, ErrUnknownMember) {
		t.Errorf("Remove: %v", err)
	}
	select {
	case <-changed:
		t.Error("a change was told that is none")
	default:
	}
	for _, a := range []string{"127.0.0.1:7721", "[0:0::1]:7723"} {
		if _, err := again.Owlcache.Remove(a); err != nil {
			t.Fatal(err)
		}
	}
	wantMembers(t, again.Owlcache)
	if got := fileText(t, d, datadir.GroupFile); got != "null" {
		t.Errorf("the file of an empty list is %q", got)
	}
}

func TestBadAddressChangesNothing(t *testing.T) {
	d := listDir(t)
	edit(t, d, datadir.GroupFile, twoMembers)
	lists, _ := openLists(t, d)
	for _, a := range []string{"", "localhost", "a:0", "http://a:1"} {
		if _, _, err := lists.Owlcache.Add(a); !errors.Is(err, ErrAddress) {
			t.Errorf("Add(%q): %v", a, err)
		}
		if _, err := lists.Owlcache.Remove(a); !errors.Is(err, ErrAddress) {
			t.Errorf("Remove(%q): %v", a, err)
		}
	}
	wantMembers(t, lists.Owlcache, "127.0.0.1:7721", "[::1]:7723")
	if got := fileText(t, d, datadir.GroupFile); got != twoMembers {
		t.Errorf("the file is\n%s", got)
	}
}

func TestListIsBounded(t *testing.T) {
	d := listDir(t)
	var b strings.Builder
	for i := range MaxMembers {
		fmt.Fprintf(&b, `,{"Address":"10.0.%d.%d:1"}`, i/256, i%256)
	}
	edit(t, d, datadir.GroupFile, "["+b.String()[1:]+"]")
	lists, log := openLists(t, d)
	if _, _, err := lists.Owlcache.Add("node:1"); !errors.Is(err, ErrListFull) {
		t.Errorf("Add: %v", err)
	}
	if _, _, err := lists.Owlcache.Add("10.0.0.0:1"); err != nil {
		t.Errorf("Add of a member: %v", err)
	}
	edit(t, d, datadir.GroupFile, "["+b.String()[1:]+`,{"Address":"10.0.0.0:1"},{"Address":"node:1"}]`)
	if lists.Reload(); log.count("more than 1024 members") != 1 {
		t.Error("too many members are not in the log")
	}
	edit(t, d, datadir.GroupFile, "["+strings.Repeat(" ", maxFileSize)+"]")
	if lists.Reload(); log.count("larger than") != 1 {
		t.Error("a huge file is not in the log")
	}
	if len(lists.Owlcache.Members()) != MaxMembers {
		t.Errorf("%d members", len(lists.Owlcache.Members()))
	}
}

// When the disk refuses, the list is as it was.
func TestDiskErrorChangesNothing(t *testing.T) {
	d := listDir(t)
	edit(t, d, datadir.GroupFile, twoMembers)
	lists, _ := openLists(t, d)
	changed := lists.Gossip.Changed()
	// The name of the file is taken by a directory that cannot be replaced.
	if err := os.MkdirAll(filepath.Join(d.File(datadir.GossipFile), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lists.Gossip.Add("node:1"); err == nil {
		t.Error("no error")
	}
	wantMembers(t, lists.Gossip)
	select {
	case <-changed:
		t.Error("a change was told that is none")
	default:
	}
	if err := os.RemoveAll(d.File(datadir.GossipFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lists.Gossip.Add("node:1"); err != nil {
		t.Error(err)
	}
}

// Many add at once: none is lost, in memory and in the file.
func TestConcurrentAdds(t *testing.T) {
	d := listDir(t)
	lists, _ := openLists(t, d)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			a := fmt.Sprintf("10.0.0.%d:1", i)
			if _, _, err := lists.Owlcache.Add(a); err != nil || !lists.Owlcache.Has(a) {
				t.Errorf("%s: %v", a, err)
			}
			if i%2 == 1 {
				if _, err := lists.Owlcache.Remove(a); err != nil {
					t.Errorf("%s: %v", a, err)
				}
			}
		})
	}
	all.Wait()
	again, _ := openLists(t, d)
	if got := again.Owlcache.Members(); len(got) != 8 || !slices.Equal(got, lists.Owlcache.Members()) {
		t.Errorf("%q and %q", got, lists.Owlcache.Members())
	}
}

// An edit that nobody has looked at yet is not lost by a change.
func TestChangeKeepsAnEdit(t *testing.T) {
	d := listDir(t)
	edit(t, d, datadir.GroupFile, twoMembers)
	lists, log := openLists(t, d)
	edit(t, d, datadir.GroupFile, `[{"Address":"edited:1"}]`)
	if _, _, err := lists.Owlcache.Add("added:1"); err != nil {
		t.Fatal(err)
	}
	wantMembers(t, lists.Owlcache, "edited:1", "added:1")
	edit(t, d, datadir.GroupFile, `[{"Address":"b:1"},{"Address":"added:1"}]`)
	if _, err := lists.Owlcache.Remove("edited:1"); !errors.Is(err, ErrUnknownMember) {
		t.Errorf("Remove: %v", err)
	}
	wantMembers(t, lists.Owlcache, "b:1", "added:1")
	if log.count("were taken up") != 2 {
		t.Error("the edits are not in the log")
	}

	for _, broken := range []string{`[{"Address":"c:1"},`, `[{"Address":"c"}]`, ""} {
		edit(t, d, datadir.GroupFile, broken)
		var file *FileError
		if _, _, err := lists.Owlcache.Add("c:1"); !errors.As(err, &file) || errors.Is(err, ErrAddress) {
			t.Errorf("%q: Add: %v", broken, err)
		}
		if got := fileText(t, d, datadir.GroupFile); got != broken {
			t.Errorf("the edit became %q", got)
		}
	}
	if err := os.Remove(d.File(datadir.GroupFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lists.Owlcache.Add("c:1"); !errors.Is(err, ErrFileGone) {
		t.Errorf("a file that has just gone: %v", err)
	}
	wantMembers(t, lists.Owlcache, "b:1", "added:1")
}

func TestReload(t *testing.T) {
	d := listDir(t)
	lists, log := openLists(t, d)
	edit(t, d, datadir.GossipFile, `[{"Address":"a:1"}]`)
	edit(t, d, datadir.GroupFile, "[]]")
	for range 3 { // told once
		lists.Reload()
		lists.Owlcache.poll()
	}
	file := d.File(datadir.GroupFile)
	if log.count("level=ERROR") != 1 || log.count("cannot be taken up") != 1 || log.count("file="+file+" ") != 1 || log.count(file+":1:3: ") != 1 {
		t.Errorf("the log is\n%s", log.b.String())
	}
	wantMembers(t, lists.Gossip, "a:1")
	wantMembers(t, lists.Owlcache)
	edit(t, d, datadir.GroupFile, twoMembers)
	lists.Reload()
	wantMembers(t, lists.Owlcache, "127.0.0.1:7721", "[::1]:7723")
	edit(t, d, datadir.GroupFile, "[]]")
	lists.Reload()
	if log.count("level=ERROR") != 2 {
		t.Errorf("the next mistake is not in the log\n%s", log.b.String())
	}
}

func TestOpenListsRefusesWhatIsNoList(t *testing.T) {
	d := listDir(t)
	edit(t, d, datadir.GroupFile, "{}")
	edit(t, d, datadir.GossipFile, "[\n\t{\"Address\": \"a\"}\n]")
	_, err := OpenLists(d, ListOptions{})
	if err == nil || !strings.Contains(err.Error(), datadir.GroupFile+":1:1: want a list") || !strings.Contains(err.Error(), datadir.GossipFile+":2:14: address \"a\": there is no port") {
		t.Errorf("%v", err)
	}
	if err := os.Remove(d.File(datadir.GroupFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.File(datadir.GroupFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLists(d, ListOptions{}); err == nil || !strings.Contains(err.Error(), "it is not a file") {
		t.Errorf("%v", err)
	}
}

// An empty file is what a node of 0.5.1 leaves when it dies while it writes.
func TestEmptyFileAtTheStart(t *testing.T) {
	d := listDir(t)
	edit(t, d, datadir.GroupFile, "")
	lists, log := openLists(t, d)
	if log.count("is empty") != 1 {
		t.Error("nobody was told")
	}
	if _, _, err := lists.Owlcache.Add("a:1"); err != nil {
		t.Error(err)
	}
	wantMembers(t, lists.Owlcache, "a:1")
}
