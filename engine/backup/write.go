package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/ordered"
	"owlcache/engine/view"
)

// Options of Write. The zero value of each field is its default.
type Options struct {
	// Version of the program, for the manifest.
	Version string
	// WithoutSecrets leaves secret.json out.
	WithoutSecrets bool
	// Store leaves out the compression: about half the work, and an archive as large as the directory.
	Store bool
	// TempDir is where the parts of a log that is too long for memory are kept, in
	// files without a name; default os.TempDir.
	TempDir string
	// Waiting, if set, is called once if a checkpoint of the running node has to be waited for.
	Waiting func()
	// Progress, if set, is called now and then.
	Progress func(engine.Progress)
}

// Write writes the data directory at path, as it is now, to w. A node may run on it:
// it goes on, but does not fold its log until Write returns. Damage is an
// *engine.CorruptError. After an error, what was written is no whole archive. Write
// returns promptly when ctx ends, as far as w does not make it wait.
func Write(ctx context.Context, path string, w io.Writer, o Options) (m *Manifest, err error) {
	// Before the data: what peers.json says of it must not be newer than the data.
	small, errSmall := readSmallFiles(path, o.WithoutSecrets)
	view, err := view.Open(ctx, path, view.Options{TempDir: o.TempDir, Waiting: o.Waiting})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	if errSmall != nil {
		return nil, errSmall
	}
	info := view.Info()
	if len(small) > 0 && small[0].name == datadir.NodeFile && info.NodeID == 0 {
		return nil, &engine.CorruptError{Path: filepath.Join(info.Path, datadir.NodeFile), Offset: -1, Reason: "it is not valid"}
	}
	b := &writer{view: view, progress: o.Progress, manifest: Manifest{
		Format: Format, Version: o.Version, Taken: info.Time.UTC().Truncate(time.Second),
		SnapshotLSN: info.Snapshot.LSN, LastLSN: max(info.Log.LastLSN, info.Snapshot.LSN), Files: []File{},
	}}
	if info.NodeID != 0 {
		b.manifest.NodeID = fmt.Sprintf("%016x", info.NodeID)
	}
	workers := runtime.GOMAXPROCS(0)
	encode, err := encoder(o.Store, workers)
	if err != nil {
		return nil, err
	}
	err = ordered.Run(ctx, workers+2, // one that is filled and one that is written
		func(l *ordered.Line[frame]) error { return b.write(l, small) },
		func(f *frame) { f.out = encode(f.in, f.out[:0]) },
		func(f *frame) error {
			_, err := w.Write(f.out)
			return err
		})
	if err != nil {
		return nil, err
	}
	return &b.manifest, nil
}

// writer writes one archive.
type writer struct {
	view     *view.View
	out      *frames
	tar      tarball // into out
	manifest Manifest
	progress func(engine.Progress)

	done, total int64 // bytes of the data files
}

// write writes the files, while their checksums are verified, and then the manifest.
func (b *writer) write(l *ordered.Line[frame], small []contentFile) error {
	b.out = &frames{line: l}
	b.tar = tarball{out: b.out, time: b.manifest.Taken}
	group, ctx := errgroup.WithContext(l.Context())
	group.Go(func() error { return b.verify(ctx) })
	group.Go(func() error { return b.writeFiles(ctx, small) })
	if err := group.Wait(); err != nil {
		return err
	}
	content, err := json.MarshalIndent(&b.manifest, "", "\t")
	if err != nil {
		return err
	}
	if err := b.tar.file(manifestName, append(content, '\n')); err != nil {
		return err
	}
	if err := b.tar.end(); err != nil {
		return err
	}
	return b.out.flush()
}

// verify visits each entry, which checks all checksums, and counts.
func (b *writer) verify(ctx context.Context) error {
	at := b.manifest.Taken.UnixMilli()
	return b.view.Entries(ctx, nil, func(e *engine.Entry) error {
		b.manifest.add(e, at)
		return nil
	})
}

func (b *writer) writeFiles(ctx context.Context, small []contentFile) error {
	for _, f := range small {
		if err := b.tar.file(f.name, f.content); err != nil {
			return err
		}
		sum := sha256.Sum256(f.content)
		b.manifest.Files = append(b.manifest.Files, File{Name: f.name, Size: int64(len(f.content)), SHA256: hex.EncodeToString(sum[:])})
	}
	files := b.view.Files()
	for _, f := range files {
		b.total += f.Size
	}
	for _, f := range files {
		if err := b.tar.begin(f.Name, f.Size); err != nil {
			return err
		}
		sum := sha256.New()
		if err := b.copyData(ctx, f, sum); err != nil {
			return err
		}
		b.manifest.Files = append(b.manifest.Files, File{Name: f.Name, Size: f.Size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	}
	return nil
}

// copyStep is how much of a file is read at once, in bytes: it stays in the cache of
// the processor until it is hashed.
const copyStep = 256 << 10

func (b *writer) copyData(ctx context.Context, f view.File, sum hash.Hash) error {
	for off := int64(0); off < f.Size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := b.out.space()
		if err != nil {
			return err
		}
		p = p[:min(int64(len(p)), copyStep, f.Size-off)]
		n, err := b.view.ReadFileAt(f.Name, p, off)
		if n < len(p) {
			if err == nil || errors.Is(err, io.EOF) {
				err = fmt.Errorf("%s has become shorter while it was read: it ends at %d bytes", f.Name, off+int64(n))
			}
			return err
		}
		_, _ = sum.Write(p) // a hash does not fail
		if err := b.out.filled(n); err != nil {
			return err
		}
		off += int64(n)
		b.done += int64(n)
		if b.progress != nil {
			b.progress(engine.Progress{Phase: "backup", Done: b.done, Total: b.total, Unit: "bytes"})
		}
	}
	return nil
}

// contentFile is a file with what is in it.
type contentFile struct {
	name    string
	content []byte
}

// readSmallFiles reads the files beside the data of the directory at path. They are
// replaced as a whole when they change, so that each is read as it was at one moment.
func readSmallFiles(path string, withoutSecrets bool) (list []contentFile, err error) {
	for _, f := range smallFiles() {
		if f.name == datadir.SecretFile && withoutSecrets {
			continue
		}
		file := filepath.Join(path, f.name)
		content, err := datadir.ReadSmallFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := f.valid(content); err != nil {
			return nil, &engine.CorruptError{Path: file, Offset: -1, Reason: err.Error()}
		}
		list = append(list, contentFile{f.name, content})
	}
	return list, nil
}
