package inspect

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/goldendir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// damage does something to a copy of the golden directory.
type damage func(t *testing.T, dir string)

// flipAt inverts a bit of the first byte of a text in a file, or, without a text, of the file.
func flipAt(name, text string) damage {
	return func(t *testing.T, dir string) {
		t.Helper()
		b := readFile(t, dir, name)
		at := bytes.Index(b, []byte(text))
		if at < 0 {
			t.Fatalf("%s: no %q", name, text)
		}
		b[at] ^= 0x40
		writeFile(name, string(b))(t, dir)
	}
}

func writeFile(name, content string) damage {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tear cuts the end off the log, as a crash may do.
func tear(t *testing.T, dir string) {
	if err := os.Remove(filepath.Join(dir, "wal/0000000000000003.wal")); err != nil {
		t.Fatal(err)
	}
	const last = "wal/0000000000000002.wal"
	b := readFile(t, dir, last)
	writeFile(last, string(b[:len(b)-20]))(t, dir)
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInspectDamage(t *testing.T) {
	const log, members = "wal/0000000000000002.wal", "server_group_config.json"
	for _, test := range []struct {
		name   string
		damage damage
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"log", flipAt(log, "Eve"), "", term.CodeCorrupt, "restart    would be refused", "damaged: " + log + ", offset 115: record 5: wrong checksum\n"},
		{"log, keys", flipAt(log, "Eve"), "keys", term.CodeCorrupt, `"user:1"`, "owlcache repair --to NEWDIR DIR\n"},
		{"log, in place", flipAt(log, "Eve"), "log", term.CodeCorrupt, "\"user:1\"\n--- damaged: " + log + ", offset 115: record 5: wrong checksum\n", "owlcache check DIR\n"},
		{"log, for programs", flipAt(log, "Eve"), "log -o json", term.CodeCorrupt, `{"op":"damaged","file":"` + log + `","offset":115,"problem":"record 5: wrong checksum"}`, ""},
		{"log, other segment", flipAt(log, "Eve"), "log --segment 3", term.CodeCorrupt, "KEY\n", ""},
		{"log, key before", flipAt(log, "Eve"), "get user:1", term.CodeCorrupt, "Ada Lovelace", ""},
		{"log, key behind", flipAt(log, "Eve"), "get user:5", term.CodeCorrupt, "", `key "user:5" is not in what can be read`},
		{"log, followed", flipAt(log, "Eve"), "log --follow", term.CodeCorrupt, "", "offset 115"},
		{"log header", flipAt(log, "OWLWAL"), "", term.CodeCorrupt, "log        unreadable", "wrong magic"},
		{"log header, in place", flipAt(log, "OWLWAL"), "log", term.CodeCorrupt, "--- damaged: " + log, ""},
		{"snapshot", flipAt("owlcache.db", "All work"), "", term.CodeCorrupt, "keys       9 live", `owlcache.db, offset 16384: key "text:1": wrong checksum`},
		{"snapshot, the key", flipAt("owlcache.db", "All work"), "get text:1", term.CodeCorrupt, "", "not in what can be read"},
		{"snapshot, raw", flipAt("owlcache.db", "All work"), "get text:1 --raw", term.CodeCorrupt, "", "wrong checksum"},
		{"snapshot, another key", flipAt("owlcache.db", "All work"), "get user:1", term.CodeOK, "Ada Lovelace", ""},
		{"snapshot, prefixes", flipAt("owlcache.db", "All work"), "prefixes", term.CodeCorrupt, "image:", ""},
		{"snapshot, lost", flipAt("owlcache.db", "\xed\xda\x0c\xed"), "", term.CodeCorrupt, "records 4 to 7", "owlcache.db"},
		{"node.json", writeFile("node.json", "{"), "", term.CodeCorrupt, "node       unknown", "node.json"},
		{"members", writeFile(members, "[\n {\"Address\":\"a\"},\n ]"), "members", term.CodeCorrupt, "gossip group: none", members + ": line 3, column 2: "},
		{"members, overview", writeFile(members, "{}"), "", term.CodeCorrupt, "group      server_group_config.json is damaged", "not this object"},
		{"members, restart", writeFile(members, "{}"), "", term.CodeCorrupt, "restart    loads 13", ""},
		{"members, for programs", writeFile(members, "{}"), "members -o json", term.CodeCorrupt, `"problem":"line 1, column`, ""},
		{"members that do harm", writeFile(members, `[{"Address":"\u001b[31mred\u009b\u202e"}]`), "members", term.CodeOK, `  \x1b[31mred\u009b\u202e`, ""},
		{"peers", writeFile("peers.json", `{"node":"2f","peers":[{"address":"10.0.0.1:7946","node":"1f","seen":"2026-11-22T10:50:17Z"},{"address":"10.0.0.2:7946"}]}`), "members", term.CodeOK,
			"  ADDRESS        NODE  SEEN\n  10.0.0.1:7946  1f    2026-11-22T10:50:17Z\n  10.0.0.2:7946  -     -\n", ""},
		{"torn", tear, "", term.CodeOK, "51 bytes from offset 260 on are the torn end of a write", ""},
		{"torn, log", tear, "log", term.CodeOK, "6       2:189", ""},
		{"leftovers", writeFile("owlcache.db.tmp", "x"), "", term.CodeOK, "owlcache.db.tmp: 1 B; it was being written", ""},
		{"legacy file", writeFile("auth.db.legacy", "x"), "", term.CodeOK, "auth.db.legacy: 1 B; it was kept", ""},
		{"broken log", writeFile("wal/0000000000000001.wal.broken", "x"), "", term.CodeOK, ".broken: 1 B; it is the end of a log", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := goldendir.Temp(t)
			test.damage(t, dir)
			before := contents(t, dir)
			code, stdout, stderr := runInspect(t, t.Context(), dir, strings.Fields(test.args)...)
			if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
				t.Errorf("exit code %d\n%s%s\nwant %d\n%q\n%q", code, stdout, stderr, test.code, test.stdout, test.stderr)
			}
			if contents(t, dir) != before {
				t.Error("the directory was changed")
			}
		})
	}
}

// contents returns the names and contents of all files.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, pattern := range []string{"*", "wal/*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			content, _ := os.ReadFile(name) // of a directory, nothing
			fmt.Fprintf(&b, "%s %x\n", name, content)
		}
	}
	return b.String()
}

func TestInspectWarnsOfOpenModes(t *testing.T) {
	dir := goldendir.Temp(t)
	writeFile("secret.json", "{}")(t, dir)
	for name, mode := range map[string]os.FileMode{"": 0o755, "secret.json": 0o644} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, _ := runInspect(t, t.Context(), dir)
	for _, want := range []string{"directory (mode 0755)", "secret.json: other users may read the password (mode 0644)"} {
		if code != term.CodeOK || !strings.Contains(stdout, want) {
			t.Errorf("exit code %d\n%s\nwant %q", code, stdout, want)
		}
	}
}

// TestInspectGoesOnBehindDamage loses one record of a log with several segments.
func TestInspectGoesOnBehindDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for _, key := range []string{"one", "two", "three"} {
		err := goldendir.WithStore(t.Context(), dir, 0, func(s *engine.Store) error {
			_, err := s.Set([]byte(key), []byte("of "+key), 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "wal", "*.wal"))
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for name, want := range map[string]string{"one": "two three", "two": "one three", "three": "one two"} {
		copied := filepath.Join(t.TempDir(), "data")
		if err := goldendir.CopyDir(os.DirFS(dir), copied); err != nil {
			t.Fatal(err)
		}
		for i := range names {
			segment := "wal/" + filepath.Base(names[i])
			if bytes.Contains(readFile(t, copied, segment), []byte("of "+name)) {
				flipAt(segment, "of "+name)(t, copied)
			}
		}
		code, stdout, _ := runInspect(t, t.Context(), copied, "log")
		var got []string
		for line := range strings.Lines(stdout) {
			if _, key, ok := strings.Cut(strings.TrimSuffix(line, "\"\n"), `"`); ok {
				got = append(got, key)
			}
		}
		if code != term.CodeCorrupt || strings.Join(got, " ") != want || strings.Count(stdout, "--- damaged") != 1 {
			t.Errorf("%s damaged: exit code %d, got %v, want %s\n%s", name, code, got, want, stdout)
		}
	}
}
