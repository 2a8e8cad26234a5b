package backup_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine/backup"
	"owlcache/engine/datadir"
)

// small makes an archive of a few hundred bytes.
func small(t testing.TB) []byte {
	t.Helper()
	path := t.TempDir()
	s := openStore(t, path)
	s.set("a", "1")
	s.set("b", "2")
	s.close()
	b, _ := archive(t, path, backup.Options{Version: "1"})
	return b
}

// wantRefusedOr restores what may be a bad archive: either it is refused, and nothing
// is left, or what is there is what the good one has.
func wantRefusedOr(t testing.TB, bad []byte, same map[string]string) (refused bool) {
	t.Helper()
	parent := t.TempDir()
	path := filepath.Join(parent, "x")
	for _, r := range []io.Reader{bytes.NewReader(bad), stream{bytes.NewReader(bad)}} {
		_, err := backup.Restore(t.Context(), r, path, backup.RestoreOptions{})
		if err != nil {
			refused = true
			if !isRefusal(err) {
				t.Errorf("no refusal: %v", err)
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
				t.Fatalf("left behind: %v, %v", left, err)
			}
			continue
		}
		if diff := cmp.Diff(same, tree(t, path)); diff != "" {
			t.Error(diff)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	return refused
}

func isRefusal(err error) bool {
	var damage *backup.ArchiveError
	var newer *backup.FormatError
	var newerDir *datadir.FormatError
	return errors.As(err, &damage) || errors.As(err, &newer) || errors.As(err, &newerDir)
}

func TestDamagedArchives(t *testing.T) {
	good := small(t)
	path, _ := restore(t, good, backup.RestoreOptions{})
	same := tree(t, path)
	t.Run("flips", func(t *testing.T) {
		accepted := 0
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i % 8)
			if !wantRefusedOr(t, bad, same) {
				accepted++
			}
		}
		// Some bits of a frame mean nothing; how many there are depends on its content.
		if accepted > len(good)/50 {
			t.Errorf("%d of %d flips were not noticed", accepted, len(good))
		}
	})
	t.Run("truncated", func(t *testing.T) {
		for n := range good {
			if !wantRefusedOr(t, good[:n], same) {
				t.Errorf("accepted with %d of %d bytes", n, len(good))
			}
		}
	})
	t.Run("extended", func(t *testing.T) {
		for name, more := range map[string][]byte{
			"bytes": []byte("some bytes more"), "itself": good, "content": compress(t, []byte("more")), "much": compress(t, make([]byte, 4<<20)),
		} {
			if !wantRefusedOr(t, append(bytes.Clone(good), more...), same) {
				t.Errorf("accepted with more: %s", name)
			}
		}
		for name, more := range map[string][]byte{"zeros": compress(t, make([]byte, 9000)), "empty frame": compress(t, nil)} {
			if wantRefusedOr(t, append(bytes.Clone(good), more...), same) {
				t.Errorf("refused with more: %s", name)
			}
		}
	})
	t.Run("packed again", func(t *testing.T) {
		if wantRefusedOr(t, pack(t, unpack(t, good)), same) {
			t.Error("an archive that other programs have unpacked and packed is refused")
		}
	})
}

// manifestOf returns the index of the manifest, and its content.
func manifestOf(t testing.TB, list []entry) (int, *backup.Manifest) {
	t.Helper()
	i := len(list) - 1
	var m backup.Manifest
	if err := json.Unmarshal(list[i].content, &m); err != nil {
		t.Fatal(err)
	}
	return i, &m
}

// withManifest changes the manifest.
func withManifest(change func(m *backup.Manifest)) func(t *testing.T, list []entry) []entry {
	return func(t *testing.T, list []entry) []entry {
		i, m := manifestOf(t, list)
		change(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return append(list[:i:i], file("manifest.json", string(b)))
	}
}

func file(name, content string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600}, []byte(content)}
}

// before puts a file in front of the others.
func before(e entry) func(*testing.T, []entry) []entry {
	return func(_ *testing.T, list []entry) []entry { return append([]entry{e}, list...) }
}

func special(kind byte, name, link string) entry {
	return entry{tar.Header{Typeflag: kind, Name: name, Linkname: link, Mode: 0o777}, nil}
}

// hostile is an archive that is not as it should be.
type hostile struct {
	change func(t *testing.T, list []entry) []entry
	want   string // in the error
}

// hostileFiles have files that do not belong there, or not all that do.
func hostileFiles() map[string]hostile {
	return map[string]hostile{
		"up":                {before(file("../evil", "x")), `"../evil" is no file of a backup`},
		"up from the log":   {before(file("wal/../../evil", "x")), "is no file of a backup"},
		"absolute":          {before(file("/tmp/evil", "x")), "is no file of a backup"},
		"absolute known":    {before(file("/node.json", "{}")), "is no file of a backup"},
		"dot":               {before(file("./node.json", "{}")), "is no file of a backup"},
		"other name":        {before(file("evil.json", "{}")), "is no file of a backup"},
		"lock":              {before(file("LOCK", "")), "is no file of a backup"},
		"temporary":         {before(file("owlcache.db.tmp", "")), "is no file of a backup"},
		"escape sequence":   {before(file("\x1b[2J", "")), `"\x1b[2J"`},
		"line in a segment": {before(file("wal/0000000000000001.wal\n", "")), "is no file of a backup"},
		"symbolic link":     {before(special(tar.TypeSymlink, "owlcache.db", "/etc/passwd")), "no regular file"},
		"link as directory": {before(special(tar.TypeSymlink, "wal", "/tmp")), "is no file of a backup"},
		"hard link":         {before(special(tar.TypeLink, "secret.json", "node.json")), "no regular file"},
		"directory":         {before(special(tar.TypeDir, "wal/", "")), "is no file of a backup"},
		"device":            {before(special(tar.TypeChar, "sites.xml", "")), "no regular file"},
		"fifo":              {before(special(tar.TypeFifo, "sites.xml", "")), "no regular file"},
		"twice":             {before(file("node.json", "{}")), `"node.json" is there twice`},
		"two manifests":     {func(_ *testing.T, list []entry) []entry { return append(list, list[len(list)-1]) }, "follows the manifest"},
		"behind the end":    {func(_ *testing.T, list []entry) []entry { return append(list, file("secret.json", "{}")) }, "follows the manifest"},
		"not listed":        {before(file("peers.json", "[]")), "peers.json is not in the manifest"},
		"bad JSON":          {before(file("peers.json", "[")), "not valid JSON"},
		"bad XML":           {before(file("sites.xml", "<a")), "not valid XML"},
		"huge beside":       {before(file("peers.json", strings.Repeat(" ", 17<<20))), "more than"},
		"missing":           {func(_ *testing.T, list []entry) []entry { return list[1:] }, `"node.json" is missing`},
		"no manifest":       {func(_ *testing.T, list []entry) []entry { return list[:len(list)-1] }, "before its manifest"},
		"only a manifest":   {func(_ *testing.T, list []entry) []entry { return list[len(list)-1:] }, "is missing"},
		"no backup at all":  {func(*testing.T, []entry) []entry { return []entry{file("etc/passwd", "x")} }, "no backup of owlcache"},
		"nothing":           {func(*testing.T, []entry) []entry { return nil }, "before its manifest"},
		"nothing, listed": {func(t *testing.T, list []entry) []entry {
			return withManifest(func(m *backup.Manifest) { m.Files = nil })(t, list[len(list)-1:])
		}, "there is no data in it"},
	}
}

// hostileContent has other content than the manifest says, or another manifest.
func hostileContent() map[string]hostile {
	return map[string]hostile{
		"content": {func(_ *testing.T, list []entry) []entry {
			list[1].content[40] ^= 1
			return list
		}, "SHA-256"},
		"content with its sum": {func(t *testing.T, list []entry) []entry {
			list[1].content[40] ^= 1
			return resummed(t, list)
		}, "0000000000000001.wal"},
		"shorter log": {func(t *testing.T, list []entry) []entry {
			list[1] = file(list[1].header.Name, string(list[1].content[:32]))
			list = slices.Delete(list, 2, len(list)-1)
			return resummed(t, list)
		}, "end with the records"},
		"other counts": {withManifest(func(m *backup.Manifest) { m.Keys++ }), "its manifest says 3 keys"},
		"other record": {withManifest(func(m *backup.Manifest) { m.LastLSN++ }), "end with the records"},
		"newer":        {withManifest(func(m *backup.Manifest) { m.Format = 2 }), "format 2, which is newer than 1"},
		"newer, with another file": {func(t *testing.T, list []entry) []entry {
			return before(file("new.bin", "x"))(t, withManifest(func(m *backup.Manifest) { m.Format = 9 })(t, list))
		}, "format 9, which is newer"},
		"older":        {withManifest(func(m *backup.Manifest) { m.Format = 0 }), "there is no format 0"},
		"no time":      {withManifest(func(m *backup.Manifest) { m.Taken = time.Time{} }), "the time"},
		"listed twice": {withManifest(func(m *backup.Manifest) { m.Files = append(m.Files, m.Files[0]) }), "twice in the manifest"},
		"listed, not there": {withManifest(func(m *backup.Manifest) {
			m.Files = append(m.Files, backup.File{Name: "peers.json", SHA256: strings.Repeat("00", 32)})
		}), `"peers.json" is missing`},
		"bad sum":     {withManifest(func(m *backup.Manifest) { m.Files[0].SHA256 = "x" }), "cannot be right"},
		"bad version": {withManifest(func(m *backup.Manifest) { m.Version = "\x1b[2J" }), "cannot be right"},
		"bad id":      {withManifest(func(m *backup.Manifest) { m.NodeID = "me" }), "cannot be right"},
		"wrong identity": {func(t *testing.T, list []entry) []entry {
			list[0] = file("node.json", `{"format":1}`)
			return resummed(t, list)
		}, "node.json is not valid"},
		"newer directory": {func(t *testing.T, list []entry) []entry {
			list[0] = file("node.json", `{"format":7,"node_id":"0000000000000001"}`)
			return resummed(t, list)
		}, "data format 7 is newer"},
	}
}

func TestHostileArchives(t *testing.T) {
	good := small(t)
	path, _ := restore(t, good, backup.RestoreOptions{})
	same := tree(t, path)
	all := hostileFiles()
	maps.Copy(all, hostileContent())
	for name, tt := range all {
		t.Run(name, func(t *testing.T) {
			bad := pack(t, tt.change(t, unpack(t, good)))
			if !wantRefusedOr(t, bad, same) {
				t.Error("accepted")
			}
			_, err := backup.Restore(t.Context(), bytes.NewReader(bad), filepath.Join(t.TempDir(), "x"), backup.RestoreOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("%q, want %q in it", err, tt.want)
			}
		})
	}
}

// resummed brings the manifest up to date with the other files.
func resummed(t *testing.T, list []entry) []entry {
	t.Helper()
	return withManifest(func(m *backup.Manifest) {
		m.Files = nil
		for _, e := range list[:len(list)-1] {
			m.Files = append(m.Files, backup.File{Name: e.header.Name, Size: int64(len(e.content)), SHA256: sum(e.content)})
		}
	})(t, list)
}

// A few bytes that are said to be, or unpack to, very many are refused in no time and
// little memory.
func TestBombs(t *testing.T) {
	header := func(name string, size int64, pax map[string]string) []byte {
		var b bytes.Buffer
		if err := tar.NewWriter(&b).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, PAXRecords: pax, Format: tar.FormatPAX}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, plain := range map[string][]byte{
		"size beyond the end": append(header("owlcache.db", 1<<40, nil), make([]byte, 1<<20)...),
		"size beyond all":     header("owlcache.db", 1<<62, nil),
		"huge manifest":       header("manifest.json", 1<<40, nil),
		"huge node.json":      header("node.json", 1<<40, nil),
		"zeros":               make([]byte, 64<<20),
	} {
		t.Run(name, func(t *testing.T) {
			bad := compress(t, plain)
			if len(bad) > 64<<10 {
				t.Fatalf("%d bytes", len(bad))
			}
			for _, r := range []io.Reader{bytes.NewReader(bad), stream{bytes.NewReader(bad)}} {
				path := filepath.Join(t.TempDir(), "x")
				if _, err := backup.Restore(t.Context(), r, path, backup.RestoreOptions{}); err == nil {
					t.Error("accepted")
				}
				if _, err := os.Stat(path); !os.IsNotExist(err) {
					t.Errorf("left behind: %v", err)
				}
			}
		})
	}
	t.Run("sparse", func(t *testing.T) {
		// The format 1.0 of GNU tar: the map of the holes is in front of the content.
		content := append([]byte("0\n"), make([]byte, 510)...)
		plain := gnuSparse(t, "owlcache.db", 1<<50, content)
		bad := compress(t, append(plain, make([]byte, 1024)...))
		if _, err := backup.Verify(t.Context(), bytes.NewReader(bad), 0, nil); err == nil || !strings.Contains(err.Error(), "no backup of owlcache") {
			t.Error(err)
		}
	})
	t.Run("window", func(t *testing.T) {
		// A frame of a window of 1 GiB, which must not be allocated.
		bad := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00}
		if _, err := backup.Verify(t.Context(), bytes.NewReader(bad), 0, nil); !isRefusal(err) {
			t.Error(err)
		}
	})
}

// gnuSparse is the header of a sparse file, as GNU tar writes it, with its content.
func gnuSparse(t *testing.T, name string, size int64, content []byte) []byte {
	t.Helper()
	record := func(key, value string) string {
		for n := 1; ; n++ {
			if r := fmt.Sprintf("%d %s=%s\n", n, key, value); len(r) == n {
				return r
			}
		}
	}
	pax := record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", name) + record("GNU.sparse.realsize", fmt.Sprint(size))
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	// A file with the type of an extended header cannot be written: it is changed below.
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "PaxHeaders", Size: int64(len(pax)), Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, pax); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x", Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	h := b.Bytes()
	h[156] = tar.TypeXHeader
	copy(h[148:156], "        ")
	check := 0
	for _, c := range h[:512] {
		check += int(c)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", check))
	return h
}

// FuzzArchive gives any tar file to the reader: what it accepts is what its manifest
// says.
func FuzzArchive(f *testing.F) {
	good := unpack(f, small(f))
	for _, list := range [][]entry{good, good[:1], {file("manifest.json", `{"format":2}`)}} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, e := range list {
			if err := w.WriteHeader(&e.header); err != nil {
				f.Fatal(err)
			}
			if _, err := w.Write(e.content); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		m, err := backup.Verify(t.Context(), bytes.NewReader(compress(t, plain)), 0, nil)
		if err == nil {
			for _, e := range m.Files {
				if strings.Contains(e.Name, "..") || filepath.IsAbs(e.Name) {
					t.Errorf("accepted %q", e.Name)
				}
			}
		} else if !isRefusal(err) {
			t.Error(err)
		}
	})
}

// FuzzStream gives any bytes to the reader.
func FuzzStream(f *testing.F) {
	good := small(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := backup.Verify(t.Context(), bytes.NewReader(b), 0, nil); err != nil && !isRefusal(err) {
			t.Error(err)
		}
	})
}
