package dump

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/engine"
)

// fileEntries are few, but of each kind.
func fileEntries() list {
	l := goldenEntries()
	return list{l[0], l[3], l[9], l[11]}
}

// behind is a Walker that obeys after.
type behind struct{ list }

func (b behind) all(w *File) error {
	rest := b.list
	for len(rest) > 0 && w.Kept().Last != nil && string(rest[0].Key) <= string(w.Kept().Last) {
		rest = rest[1:]
	}
	for i := range rest {
		if _, err := w.Write(appendLine(nil, &rest[i])); err != nil {
			return err
		}
	}
	return nil
}

// TestResumeBehindACutAtEveryByte goes on with what any crash may leave.
func TestResumeBehindACutAtEveryByte(t *testing.T) {
	l := fileEntries()
	want := lines(l...)
	path := filepath.Join(t.TempDir(), "out")
	tails := map[string]func(n int) string{
		"cut":   func(n int) string { return want[:n] },
		"zeros": func(n int) string { return want[:n] + strings.Repeat("\x00", len(want)-n) },
		"a hole": func(n int) string {
			return want[:n] + strings.Repeat("\x00", min(40, len(want)-n)) + want[min(n+40, len(want)):]
		},
		"flipped": func(n int) string { return want[:n] + "\xff" + want[min(n+1, len(want)):] },
	}
	for name, tail := range tails {
		for n := 0; n <= len(want); n++ {
			if name != "cut" && n%3 != 0 {
				continue
			}
			if n <= len(`{"key":`) && name == "flipped" {
				continue // no export begins like that
			}
			put(t, path+PartSuffix, tail(n))
			f, err := Create(path, FileOptions{Resume: true, Replace: n%2 == 0})
			if err != nil {
				t.Fatalf("%s at %d: %v", name, n, err)
			}
			if k := f.Kept(); k.Lines > int64(strings.Count(want, "\n")) || name == "cut" && (k.Lines != int64(strings.Count(want[:n], "\n")) || k.Bytes+k.Cut != int64(n)) {
				t.Fatalf("%s at %d: %+v", name, n, k)
			}
			if err := errors.Join(behind{l}.all(f), f.Finish()); err != nil {
				t.Fatalf("%s at %d: %v", name, n, err)
			}
			if got := read(t, path); got != want {
				t.Fatalf("%s at %d: %s", name, n, got)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFileAppearsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := Create(path, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("whole\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before the end: %v", err)
	}
	if _, err := Create(path, FileOptions{Replace: true}); !errors.Is(err, ErrPartBusy) {
		t.Errorf("a second one: %v", err)
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() != 0o600 || read(t, path) != "whole\n" {
		t.Errorf("%v, %v", fi, err)
	}
	if _, err := os.Stat(path + PartSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part: %v", err)
	}
}

func TestFileIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	put(t, path, "old")
	if _, err := Create(path, FileOptions{}); !errors.Is(err, ErrFileExists) {
		t.Errorf("a file: %v", err)
	}
	f, err := Create(path, FileOptions{Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("before the end: %s", got)
	}
	if err := f.Leave(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, FileOptions{}); !errors.Is(err, ErrPartExists) {
		t.Errorf("an unfinished one: %v", err)
	}
	if f, err = Create(path, FileOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(nil); err != nil { // which empties it
		t.Fatal(err)
	}
	if err := f.Leave(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, FileOptions{Resume: true}); !errors.Is(err, ErrNoPart) {
		t.Errorf("nothing to resume: %v", err)
	}
	for _, other := range []string{dir, "/dev/null"} {
		if _, err := Create(other, FileOptions{Replace: true}); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: %v", other, err)
		}
	}

	// A file that appears meanwhile.
	if f, err = Create(path, FileOptions{}); err != nil {
		t.Fatal(err)
	}
	put(t, path, "other")
	if err := f.Finish(); !errors.Is(err, ErrFileExists) || read(t, path) != "other" {
		t.Errorf("one that appeared: %v", err)
	}
}

func TestResumeLeavesForeignFilesAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	for _, content := range []string{"dear diary", "{\"a\":1}\n", "\n", "{\"key\":1", "x"} {
		put(t, path+PartSuffix, content)
		if _, err := Create(path, FileOptions{Resume: true}); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: %v", content, err)
		}
		if got := read(t, path+PartSuffix); got != content {
			t.Errorf("%q became %q", content, got)
		}
	}
	put(t, filepath.Join(dir, "elsewhere"), "precious")
	if err := errors.Join(os.Remove(path+PartSuffix), os.Symlink("elsewhere", path+PartSuffix)); err != nil {
		t.Fatal(err)
	}
	for _, o := range []FileOptions{{}, {Resume: true}, {Replace: true}} {
		if _, err := Create(path, o); err == nil {
			t.Errorf("%+v follows a symbolic link", o)
		}
	}
	if got := read(t, filepath.Join(dir, "elsewhere")); got != "precious" {
		t.Error(got)
	}
}

func TestResumeStopsWhereTheOrderEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	first := lines(entry("a", ""), entry("b", ""))
	put(t, path+PartSuffix, first+first)
	f, err := Create(path, FileOptions{Resume: true})
	if err != nil {
		t.Fatal(err)
	}
	if k := f.Kept(); k.Lines != 2 || string(k.Last) != "b" || k.Cut != int64(len(first)) {
		t.Errorf("%+v", k)
	}
	// Nothing is cut off before there is something to write.
	if err := f.Leave(); err != nil || read(t, path+PartSuffix) != first+first {
		t.Errorf("%v, %s", err, read(t, path+PartSuffix))
	}
}

func TestLineReader(t *testing.T) {
	long := strings.Repeat("x", 3*blockBytes) + "\n"
	text := "\na\n" + long + strings.Repeat("bb\n", blockBytes) + "end"
	in := newLineReader(strings.NewReader(text))
	var got strings.Builder
	var b lineBlock
	var last int64
	for range 100 {
		if in.read(&b) != nil {
			break
		}
		if b.first != last+1 || b.lines != int64(strings.Count(strings.TrimSuffix(string(b.text), "\n"), "\n"))+1 {
			t.Fatalf("lines %d from %d on behind %d", b.lines, b.first, last)
		}
		last += b.lines
		got.Write(b.text)
	}
	if got.String() != text || last != blockBytes+4 {
		t.Errorf("%d bytes, want %d; last line %d", got.Len(), len(text), last)
	}
}

func TestLineReaderRefusesWhatIsTooLong(t *testing.T) {
	in := newLineReader(strings.NewReader("a\n" + strings.Repeat("x", maxLine+2*blockBytes)))
	var b lineBlock
	err := in.read(&b)
	for err == nil {
		err = in.read(&b)
	}
	var line *LineError
	if !errors.As(err, &line) || line.Line != 2 {
		t.Errorf("%v", err)
	}
	if cap(b.text) > 2*maxLine+4*blockBytes {
		t.Errorf("%d bytes for it", cap(b.text))
	}
	largest := engine.Entry{Key: []byte(strings.Repeat("\x01", engine.MaxKeySize)), Value: []byte(strings.Repeat("\x01", engine.MaxValueSize)), Created: 1, Expires: 1}
	if got := len(lines(largest)); got > maxLine {
		t.Errorf("the largest entry has a line of %d bytes, above %d", got, maxLine)
	}
}
