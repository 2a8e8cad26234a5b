package testdir

import (
	"bytes"
	"encoding/gob"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
)

// ReadAll returns the content of all files below dir.
func ReadAll(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Rewrite changes the file at path.
func Rewrite(t *testing.T, path string, change func(b []byte)) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Flipped returns b with another byte at an offset.
func Flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x41
	return b
}

// Overwritten returns b with n other bytes at an offset.
func Overwritten(b []byte, at, n int) []byte {
	b = bytes.Clone(b)
	for i := at; i < at+n; i++ {
		b[i] = 0xa5
	}
	return b
}

// LegacyBytes returns the file of a 0.5.1 node.
func LegacyBytes(t testing.TB, list []*legacy.Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&list); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// WriteLegacy makes the data directory of a 0.5.1 node.
func WriteLegacy(t testing.TB, dir string, list []*legacy.Entry) {
	t.Helper()
	for name, content := range map[string][]byte{datadir.SnapshotFile: LegacyBytes(t, list), datadir.LegacyAuthFile: []byte("tokens")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
