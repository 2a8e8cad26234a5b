package term

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLiesIn(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(dir, filepath.Join(dir, "self")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		dir: true, dir + "/a": true, dir + "/a/b/c": true, dir + "/self/x": true, dir + "/../x": false, "/": false, dir + "x": false, dir + "/a/../../x": false,
	} {
		if got := LiesIn(path, dir); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}
