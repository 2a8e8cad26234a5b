package engine

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// metaPageFlag is the kind of a meta page.
const metaPageFlag = 4

// snapshotCheck verifies the snapshot: a file of pages, and what they hold.
type snapshotCheck struct {
	*checker
	findings

	walk     *pageWalk
	badMetas []Finding // meta pages that cannot be used
	legacy   bool      // it is the file of a 0.5.1 node
	stopped  bool      // the tree could not be walked
	missed   bool      // parts of the tree could not be read

	kv      []byte // the bucket, as the root has it
	kvPage  uint64
	meta    format.SnapshotMeta
	metaErr error

	branches [maxDepth + 1][]byte // the pages on the way
	pages    int                  // that were read
	before   []byte               // the key before
	keys     int64
	bytes    int64  // of keys and values
	clock    uint64 // greatest version time
}

// run verifies what can be verified without the log.
func (s *snapshotCheck) run() error {
	s.metaErr = errors.New("there is no snapshot")
	if s.snapshotFile == nil {
		s.ok(datadir.SnapshotFile, "not there yet: the first checkpoint makes it")
		return nil
	}
	legacy, err := isLegacy(s.snapshotFile.path)
	if err != nil {
		return err
	}
	if legacy {
		if isOne, err := s.runLegacy(); isOne || err != nil {
			return err
		}
	}
	file := s.snapshotFile
	s.walk = &pageWalk{f: file.f, window: &pageWindow{f: file.f}}
	s.metaPages()
	if err := s.walk.begin(file.size); err != nil {
		s.stopped = true
		s.fail(-1, err.Error(), "the snapshot")
		return nil
	}
	if err := s.root(); err != nil {
		return err
	}
	if s.stopped {
		return nil
	}
	if err := s.bucketKV(); err != nil {
		return err
	}
	s.freePages()
	return nil
}

func (s *snapshotCheck) fail(offset int64, text, lost string) {
	f := Finding{Level: CheckFail, File: datadir.SnapshotFile, Offset: offset, Text: text, Mend: s.repairCommand()}
	if lost != "" {
		f.Lost = lost + ", unless it is in the log too"
	}
	s.add(f)
}

func (s *snapshotCheck) warn(offset int64, text, mend string) {
	s.add(Finding{Level: CheckWarn, File: datadir.SnapshotFile, Offset: offset, Text: text, Mend: mend})
}

// runLegacy verifies the file of a 0.5.1 node, if it is one, and says what a start does
// with it.
func (s *snapshotCheck) runLegacy() (isOne bool, err error) {
	path := s.snapshotFile.path
	survey, err := SurveyLegacy(path, time.Now())
	if err == nil {
		err = checkTakeOver(path, nil, s.src.File(datadir.LogDir))
	}
	var damage *format.CorruptError
	switch {
	case errors.As(err, &damage):
		if damage.Mend == "" { // it may be a snapshot
			s.fail(0, damage.Reason, "the snapshot")
			return false, nil
		}
		s.add(Finding{Level: CheckFail, File: datadir.SnapshotFile, Offset: damage.Offset, Text: damage.Reason, Mend: damage.Mend})
	case err != nil:
		return false, err
	default:
		s.warn(-1, fmt.Sprintf("%d entries of a 0.5.1 node: the next start takes over %d; left out: %d expired, %d for their sizes",
			survey.Entries, survey.Live, survey.Expired, survey.RefusedTotal), "")
		s.keys = survey.Entries
	}
	s.legacy = true
	return true, nil
}

// metaPages verifies the two pages that say where everything is.
func (s *snapshotCheck) metaPages() {
	_, metas := openPages(s.snapshotFile.f, s.snapshotFile.size)
	for i, m := range metas {
		f := Finding{Level: CheckFail, File: datadir.SnapshotFile, Offset: m.at, Mend: s.repairCommand(),
			Text: "this one of the two meta pages is damaged", Lost: "the newest state of the snapshot, if this page had it"}
		if !m.valid {
			s.badMetas = append(s.badMetas, f)
			continue
		}
		var head [pageHeader]byte
		if _, err := s.snapshotFile.f.ReadAt(head[:], m.at); err != nil {
			s.fail(m.at, err.Error(), "")
		} else if le.Uint64(head[:]) != uint64(i) || le.Uint16(head[8:]) != metaPageFlag {
			s.warn(m.at, "the header of the meta page is damaged; nobody reads it, and a checkpoint writes it anew", "")
		}
	}
}

// offset returns where a page begins, -1 if it is not in the file.
func (s *snapshotCheck) offset(id uint64) int64 {
	if id < 2 || id >= s.walk.pages {
		return -1
	}
	return int64(id) * s.walk.pageSize
}

// root reads the root, which has the buckets.
func (s *snapshotCheck) root() error {
	s.metaErr = errors.New("bucket meta is missing")
	g, ok := s.page(s.walk.root, 0, 0, nil, nil)
	if !ok || g.kind != pageLeaf {
		s.stopped = true
		if ok {
			s.fail(s.offset(g.id), fmt.Sprintf("page %d, the root, is no leaf", g.id), "the snapshot")
		}
		return nil
	}
	g.b = bytes.Clone(g.b) // reading on moves the window
	s.length(&g)
	for i := range g.count {
		e := g.element(i)
		switch {
		case !e.ok || e.flags != elementBucket || len(e.value) < bucketHeader:
			s.fail(s.offset(g.id), fmt.Sprintf("page %d, the root: element %d is no bucket", g.id, i), "a bucket of the snapshot")
		case string(e.key) == format.BucketKV:
			s.kv, s.kvPage = e.value, g.id
		case string(e.key) == format.BucketMeta:
			if err := s.bucketMeta(&g, e.value); err != nil {
				return err
			}
		default:
			s.fail(s.offset(g.id), fmt.Sprintf("page %d, the root: bucket %s is unknown", g.id, shownKey(e.key)), "")
		}
	}
	if s.metaErr != nil {
		s.fail(s.offset(g.id), s.metaErr.Error(), "which part of the log the snapshot covers")
	}
	return nil
}

// bucketMeta reads what the snapshot says of itself.
func (s *snapshotCheck) bucketMeta(root *page, value []byte) error {
	g, ok := inlinePage(root, value)
	if id := le.Uint64(value); id != 0 {
		if g, ok = s.page(id, root.id, 1, nil, nil); ok {
			ok = g.kind == pageLeaf
		}
	}
	if !ok {
		s.metaErr = errors.New("bucket meta cannot be read")
		return nil
	}
	fields := map[string][]byte{}
	for i := range g.count {
		if e := g.element(i); e.ok && e.flags&elementBucket == 0 {
			fields[string(e.key)] = e.value
		}
	}
	s.meta, s.metaErr = format.ParseMeta(func(name []byte) []byte { return fields[string(name)] })
	if errors.Is(s.metaErr, format.ErrNewerFormat) {
		return fmt.Errorf("%s: %w", s.snapshotFile.path, s.metaErr)
	}
	return nil
}

// inlinePage returns the page that lies in the value of a small bucket.
func inlinePage(outer *page, value []byte) (g page, ok bool) {
	if le.Uint64(value) != 0 || len(value) < bucketHeader+pageHeader {
		return g, false
	}
	g = page{id: outer.id, b: value[bucketHeader:]}
	g.kind, g.count = le.Uint16(g.b[8:]), int(le.Uint16(g.b[10:]))
	return g, g.kind == pageLeaf && pageHeader+16*g.count <= len(g.b)
}

// bucketKV verifies the entries.
func (s *snapshotCheck) bucketKV() error {
	if s.kv == nil {
		s.missed = true
		s.fail(s.offset(s.walk.root), "bucket kv is missing", shownRange(nil, nil))
		return nil
	}
	if id := le.Uint64(s.kv); id != 0 {
		return s.tree(id, s.kvPage, 0, nil, nil)
	}
	g, ok := inlinePage(&page{id: s.kvPage}, s.kv)
	if !ok {
		s.missed = true
		s.fail(s.offset(s.kvPage), "bucket kv cannot be read", shownRange(nil, nil))
		return nil
	}
	return s.leaf(&g, nil, nil)
}

// freePages verifies that each page is in use or free, and not both.
func (s *snapshotCheck) freePages() {
	w := s.walk
	if err := w.visitFreelist(); err != nil {
		s.fail(s.offset(w.freelist), err.Error(), "")
		return
	}
	if s.missed || w.freelist == noFreelist {
		return
	}
	first, leaks := uint64(0), 0
	for id := uint64(2); id < w.pages; id++ {
		if !w.seen.has(id) {
			if leaks++; first == 0 {
				first = id
			}
		}
	}
	if leaks > 0 {
		s.warn(s.offset(first), fmt.Sprintf("page %d and %d more are neither in use nor free: nothing is lost but their room", first, leaks-1), "")
	}
}

// conclude verifies what needs the log too.
func (s *snapshotCheck) conclude(log *logCheck) {
	if s.snapshotFile == nil || s.legacy {
		return
	}
	if !s.stopped && s.metaErr == nil {
		switch m := &s.meta; {
		case s.failures > 0:
		case s.keys != m.Keys || s.bytes != m.Bytes:
			s.fail(-1, fmt.Sprintf("%d entries with %d bytes were found, %d with %d were written", s.keys, s.bytes, m.Keys, m.Bytes), "entries of the snapshot")
		case s.clock > max(m.Clock, log.clock):
			s.warn(-1, "it has an entry with a version that is newer than its clock and than the log: it may be a mix of several files", "")
		}
	}
	// The other meta page has the newest state, if all that follows from it fits.
	complete := s.failures == 0 && log.failures == 0 && s.metaErr == nil
	for _, f := range s.badMetas {
		if complete {
			f.Level, f.Lost, f.Mend = CheckWarn, "", ""
			f.Text += "; the other one is complete, and the next checkpoint but one writes this one anew"
		}
		s.add(f)
	}
	if s.failures == 0 {
		s.ok(datadir.SnapshotFile, "%d entries with %d bytes, up to record %d of the log, saved %s", s.keys, s.bytes, s.meta.LSN, s.meta.Saved.UTC().Format(time.RFC3339))
	}
}
