package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/engine/datadir"
)

// linkedList makes the file of a list a link to one elsewhere, and returns the path of
// that.
func linkedList(t *testing.T, d *datadir.Dir, content string) string {
	t.Helper()
	target := filepath.Join(t.TempDir(), "group.json")
	if err := os.WriteFile(target, []byte(content), 0o640); err != nil { //nolint:gosec // the mode is what is looked at
		t.Fatal(err)
	}
	// Over one more link, and a relative one.
	if err := errors.Join(os.Symlink("group.json", filepath.Join(filepath.Dir(target), "link")), os.Symlink(filepath.Join(filepath.Dir(target), "link"), d.File(datadir.GroupFile))); err != nil {
		t.Fatal(err)
	}
	return target
}

// A file that is managed elsewhere is written there, and stays linked.
func TestLinkedFile(t *testing.T) {
	d := listDir(t)
	target := linkedList(t, d, `[{"Address":"a:1"}]`)
	lists, _ := openLists(t, d)
	before, err := os.Stat(target)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := lists.Owlcache.Add("b:1"); err != nil {
		t.Fatal(err)
	}
	wantMembers(t, lists.Owlcache, "a:1", "b:1")
	if fi, err := os.Lstat(d.File(datadir.GroupFile)); err != nil || fi.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link became %v, %v", fi.Mode(), err)
	}
	after, err := os.Lstat(target)
	if err != nil || after.Mode() != before.Mode() || os.SameFile(before, after) {
		t.Errorf("its target has the mode %v, or was not replaced as a whole; %v", after.Mode(), err)
	}
	content, err := os.ReadFile(target) //nolint:gosec // of this test
	if err != nil || !strings.Contains(string(content), `"Address": "b:1"`) {
		t.Errorf("its target is %s, %v", content, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(target)); err != nil || len(entries) != 2 {
		t.Errorf("beside its target there is %v, %v", entries, err)
	}
	again, _ := openLists(t, d)
	wantMembers(t, again.Owlcache, "a:1", "b:1")

	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	again, _ = openLists(t, d)
	if _, _, err := again.Owlcache.Add("c:1"); err == nil || !strings.Contains(err.Error(), "it is a link to a file that is not there") {
		t.Errorf("Add: %v", err)
	}
	wantMembers(t, again.Owlcache)
}

// When the new file cannot take the place of the old one, the list in memory is as it was
// too, and nothing is left beside the file.
func TestListIsDurableBeforeItIsThere(t *testing.T) {
	d := listDir(t)
	lists, _ := openLists(t, d)
	l := lists.Owlcache
	changed := l.Changed()
	if err := os.MkdirAll(filepath.Join(l.path(), "x"), 0o700); err != nil { // which no file can replace
		t.Fatal(err)
	}
	l.mu.Lock()
	err := l.writeLocked([]string{"a:1"})
	l.mu.Unlock()
	if err == nil {
		t.Error("no error")
	}
	wantMembers(t, l)
	select {
	case <-changed:
		t.Error("a change was told that is none")
	default:
	}
	entries, err := os.ReadDir(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left", e.Name())
		}
	}
}
