package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

// PartSuffix is added to the name of a file that is not whole yet.
const PartSuffix = ".part"

// Returned for a file that cannot be written to. Nothing was changed.
var (
	// ErrFileExists is returned when the file is there, and shall not be replaced.
	ErrFileExists = errors.New("exists")
	// ErrPartExists is returned when an unfinished file is there that shall neither
	// be replaced nor be gone on with.
	ErrPartExists = errors.New("is an unfinished export")
	// ErrNoPart is returned when there is no unfinished file to go on with.
	ErrNoPart = errors.New("there is no unfinished export to resume")
	// ErrForeign is returned for a file to go on with that no export has made.
	ErrForeign = errors.New("this is no unfinished export; it was left as it is")
	// ErrNotRegular is returned when there is a directory, a device or the like.
	ErrNotRegular = errors.New("is no regular file")
	// ErrPartBusy is returned when another process writes the file.
	ErrPartBusy = errors.New("another export is writing it")
)

// FileOptions of a file. The zero value of each field is its default.
type FileOptions struct {
	Replace bool // what is there, the file or an unfinished one
	Resume  bool // go on with an unfinished file
}

// File is the file of an export. Until Finish it has the ending PartSuffix.
type File struct {
	path string
	part *os.File
	opts FileOptions
	kept Kept

	begun   bool  // what is not kept is gone
	size    int64 // written so far
	flushed int64 // of these, what the disk was told to write
}

// writeback is after how many bytes the disk is told to write.
const writeback = 8 << 20

// Create makes an unfinished file, of mode 0600, or opens the one to go on with.
func Create(path string, o FileOptions) (*File, error) {
	f := &File{path: path, opts: o}
	if err := f.checkTarget(); err != nil {
		return nil, err
	}
	if err := f.open(); err != nil {
		return nil, err
	}
	if err := f.begin(); err != nil {
		return nil, errors.Join(err, f.part.Close())
	}
	return f, nil
}

// checkTarget looks at what is there under the final name.
func (f *File) checkTarget() error {
	fi, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !fi.Mode().IsRegular():
		return fmt.Errorf("%s %w", f.path, ErrNotRegular)
	case !f.opts.Replace:
		return fmt.Errorf("%s %w", f.path, ErrFileExists)
	}
	return nil
}

func (f *File) open() (err error) {
	flags := os.O_RDWR
	switch {
	case f.opts.Resume:
	case f.opts.Replace:
		flags |= os.O_CREATE
	default:
		flags |= os.O_CREATE | os.O_EXCL
	}
	f.part, err = os.OpenFile(f.path+PartSuffix, flags|noFollow, 0o600)
	switch {
	case f.opts.Resume && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", f.path+PartSuffix, ErrNoPart)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s %w", f.path+PartSuffix, ErrPartExists)
	}
	return err
}

// begin locks the file, and finds the end of what is good in one to go on with.
func (f *File) begin() (err error) {
	if err := tryLock(f.part); err != nil {
		return fmt.Errorf("%s: %w", f.part.Name(), ErrPartBusy)
	}
	if f.opts.Resume {
		if f.kept, err = readKept(f.part); err != nil {
			return fmt.Errorf("%s: %w", f.part.Name(), err)
		}
	}
	f.size, f.flushed = f.kept.Bytes, f.kept.Bytes
	_, err = f.part.Seek(f.kept.Bytes, io.SeekStart)
	return err
}

// cut removes, when there is something to write, what is not kept.
func (f *File) cut() error {
	if f.begun {
		return nil
	}
	f.begun = true
	return errors.Join(f.part.Truncate(f.kept.Bytes), f.part.Chmod(0o600))
}

// Kept returns what an unfinished file had.
func (f *File) Kept() Kept { return f.kept }

// Write writes at the end.
func (f *File) Write(b []byte) (int, error) {
	if err := f.cut(); err != nil {
		return 0, err
	}
	n, err := f.part.Write(b)
	f.size += int64(n)
	if f.size-f.flushed >= writeback {
		startWriteback(f.part, f.flushed, f.size)
		f.flushed = f.size
	}
	return n, err
}

// Finish makes the file durable and gives it its name.
func (f *File) Finish() error {
	if err := errors.Join(f.cut(), f.part.Sync()); err != nil {
		return errors.Join(err, f.part.Close())
	}
	// The lock is held until the name has changed.
	err := f.checkTarget()
	if err == nil {
		err = os.Rename(f.part.Name(), f.path)
	}
	if err = errors.Join(err, f.part.Close()); err != nil {
		return err
	}
	return datadir.SyncDir(filepath.Dir(f.path))
}

// Leave ends without a whole file: what was written, or was there, stays as an unfinished one.
func (f *File) Leave() error {
	fi, err := f.part.Stat()
	switch {
	case err != nil:
	case fi.Size() == 0:
		err = os.Remove(f.part.Name())
	default:
		err = f.part.Sync()
	}
	return errors.Join(err, f.part.Close())
}

// Kept describes the good beginning of an unfinished file.
type Kept struct {
	Lines int64
	Bytes int64
	Cut   int64  // bytes behind it, of what was being written
	Last  []byte // key of the last line; nil if there is none
}

// readKept reads an unfinished file up to the first line that is not as Export writes
// it. A crash of the machine may have left such a line anywhere, not only at the end.
func readKept(f *os.File) (Kept, error) {
	fi, err := f.Stat()
	if err != nil {
		return Kept{}, err
	}
	if !fi.Mode().IsRegular() {
		return Kept{}, ErrForeign
	}
	k := keptReader{}
	lines := newLineReader(io.NewSectionReader(f, 0, fi.Size()))
	var b lineBlock
	for good := true; good; {
		err := lines.read(&b)
		var long *LineError
		if errors.Is(err, io.EOF) || errors.As(err, &long) {
			break
		}
		if err != nil {
			return Kept{}, err
		}
		good = k.block(b.text)
	}
	if k.Lines == 0 && fi.Size() > 0 && !mayBecomeLine(f) {
		return Kept{}, ErrForeign
	}
	k.Cut = fi.Size() - k.Bytes
	return k.Kept, nil
}

// mayBecomeLine tells whether a file looks like the beginning of an export, or like
// one that a crash has kept from the disk.
func mayBecomeLine(f *os.File) bool {
	var b [16]byte
	n, err := f.ReadAt(b[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	start, _, _ := strings.Cut(string(b[:n]), "\x00") // a page that was not written is zeros
	for _, want := range []string{`{"key":"`, `{"key_base64":"`} {
		if n := min(len(start), len(want)); strings.HasPrefix(want, start[:n]) {
			return true
		}
	}
	return false
}

// keptReader checks lines of a file.
type keptReader struct {
	Kept
	scratch []byte
}

// block checks lines and tells whether all of them are good.
func (k *keptReader) block(text []byte) bool {
	for line := range bytes.Lines(text) {
		if !k.line(line) {
			return false
		}
		k.Lines++
		k.Bytes += int64(len(line))
	}
	return true
}

func (k *keptReader) line(line []byte) bool {
	var e engine.Entry
	if decodeLine(line, &e) != nil || k.Lines > 0 && bytes.Compare(e.Key, k.Last) <= 0 {
		return false
	}
	k.scratch = appendLine(k.scratch[:0], &e)
	if !bytes.Equal(k.scratch, line) {
		return false
	}
	k.Last = append(k.Last[:0], e.Key...)
	return true
}
