package upgrade

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// Where a start cannot work the installation is not ready.
func TestUpgradeWhereAStartCannotWork(t *testing.T) {
	for name, test := range map[string]struct {
		put  func(home string) error
		code int
		want string
	}{
		"link to no data": {func(home string) error {
			return os.Symlink("gone", filepath.Join(home, "db", datadir.SnapshotFile))
		}, term.CodeCorrupt, "owlcache.db: it is a link to a file that is not there\n      -> bring back what it leads to"},
		"link to no list": {func(home string) error {
			return os.Symlink("gone", filepath.Join(home, "db", datadir.GroupFile))
		}, term.CodeFailed, datadir.GroupFile + ": it is a link to something that is not there"},
		"byte order mark": {func(home string) error {
			return os.WriteFile(filepath.Join(home, "owlcache.conf"), []byte("\ufeffHost 0.0.0.0\nPass correct-horse\nDBfile ./db/\n"), 0o600)
		}, term.CodeFailed, "owlcache.conf:1: Host: 0.5.1 did not know this line for the byte order mark"},
		"this version has been here": {func(home string) error {
			dir := filepath.Join(home, "db")
			if err := os.Remove(dir); err != nil {
				return err
			}
			if err := currentDir(t, dir); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, datadir.SnapshotFile), []byte(oldStore(t)), 0o600)
		}, term.CodeCorrupt, "a 0.5.1 node has run on this directory after this version had taken it over"},
	} {
		t.Run(name, func(t *testing.T) {
			home := installation(t, map[string]string{"owlcache.conf": "Host 0.0.0.0\nPass correct-horse\nDBfile ./db/\n", "db/": ""})
			if err := test.put(home); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := runCheck(t, home, "owlcache.conf")
			if code != test.code || !strings.Contains(stdout, test.want) {
				t.Errorf("exit code %d: %s%s", code, stdout, stderr)
			}
		})
	}
}

func TestUpgradeAccess(t *testing.T) {
	for err, want := range map[error]string{nil: "", syscall.EROFS: Change, syscall.EACCES: Note} {
		u := &inspection{}
		u.checkAccess("db", err)
		got := ""
		for _, f := range u.report.Findings {
			got += f.Level
		}
		if got != want {
			t.Errorf("%v: %q", err, got)
		}
	}
}
