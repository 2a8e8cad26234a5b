package check

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/judge"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/pages"
)

type snapshotCheck struct {
	*checker
	findings

	walk     *pages.Walk
	badMetas []Finding // meta pages that cannot be used
	legacy   bool      // it is the file of a 0.5.1 node
	stopped  bool      // the tree could not be walked
	missed   bool      // parts of the tree could not be read

	kv      *pages.Bucket // nil if it is missing
	meta    format.SnapshotMeta
	metaErr error

	leaves int    // that were read
	before []byte // the key before
	keys   int64
	bytes  int64  // of keys and values
	clock  uint64 // greatest version time
}

// run verifies what can be verified without the log.
func (s *snapshotCheck) run() error {
	s.metaErr = errors.New("there is no snapshot")
	if s.Snapshot == nil {
		s.ok(datadir.SnapshotFile, "not there yet: the first checkpoint makes it")
		return nil
	}
	old, err := legacy.NoSnapshot(s.Snapshot.Path)
	if err != nil {
		return err
	}
	if old {
		if isOne, err := s.runLegacy(); isOne || err != nil {
			return err
		}
	}
	file := pages.Open(s.Snapshot.File, s.Snapshot.Size)
	s.metaPages(file)
	meta, err := file.Newest()
	if err != nil {
		s.stopped = true
		s.fail(-1, err.Error(), "the snapshot")
		return nil
	}
	s.walk = file.Walk(meta, s.badPage)
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
	f := Finding{Level: Fail, File: datadir.SnapshotFile, Offset: offset, Text: text, Mend: s.repairCommand()}
	if lost != "" {
		f.Lost = lost + ", unless it is in the log too"
	}
	s.add(f)
}

func (s *snapshotCheck) warn(offset int64, text, mend string) {
	s.add(Finding{Level: Warn, File: datadir.SnapshotFile, Offset: offset, Text: text, Mend: mend})
}

// runLegacy verifies the file of a 0.5.1 node, if it is one, and says what a start does
// with it.
func (s *snapshotCheck) runLegacy() (isOne bool, err error) {
	path := s.Snapshot.Path
	survey, err := legacy.TakeSurvey(path, time.Now())
	if err == nil {
		err = legacy.CheckTakeOver(path, nil, s.src.File(datadir.LogDir))
	}
	var damage *format.CorruptError
	switch {
	case errors.As(err, &damage):
		if damage.Mend == "" { // it may be a snapshot
			s.fail(0, damage.Reason, "the snapshot")
			return false, nil
		}
		s.add(Finding{Level: Fail, File: datadir.SnapshotFile, Offset: damage.Offset, Text: damage.Reason, Mend: damage.Mend})
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

func (s *snapshotCheck) metaPages(file *pages.File) {
	for _, m := range file.Metas {
		switch {
		case !m.Valid:
			s.badMetas = append(s.badMetas, Finding{Level: Fail, File: datadir.SnapshotFile, Offset: m.At, Mend: s.repairCommand(),
				Text: "this one of the two meta pages is damaged", Lost: "the newest state of the snapshot, if this page had it"})
		case !m.Named:
			s.warn(m.At, "the header of the meta page is damaged; nobody reads it, and a checkpoint writes it anew", "")
		}
	}
}

func (s *snapshotCheck) badPage(bad *pages.Error) error {
	at, why, lost := s.walk.Offset(bad.Page), bad.Why, ""
	if at < 0 {
		at = s.walk.Offset(bad.Parent)
		why = fmt.Sprintf("page %d leads to a page that is not there: %s", bad.Parent, why)
	}
	if bad.Lost {
		s.missed, lost = true, shownRange(bad.Lo, bad.Hi)
	}
	s.fail(at, why, lost)
	return nil
}

func (s *snapshotCheck) root() error {
	s.metaErr = errors.New("bucket meta is missing")
	root, err := s.walk.Root()
	if err != nil {
		return err
	}
	if root.Kind == 0 {
		s.stopped = true
		return nil
	}
	at := s.walk.Offset(root.ID)
	s.length(&root)
	for i := range root.Count {
		e := root.Element(i)
		b, ok := root.Bucket(&e)
		switch {
		case !ok || e.Flags != pages.BucketFlag:
			s.fail(at, fmt.Sprintf("page %d, the root: element %d is no bucket", root.ID, i), "a bucket of the snapshot")
		case string(e.Key) == format.BucketKV:
			s.kv = &b
		case string(e.Key) == format.BucketMeta:
			if s.meta, s.metaErr = s.walk.ReadMeta(b); errors.Is(s.metaErr, format.ErrNewerFormat) {
				return fmt.Errorf("%s: %w", s.Snapshot.Path, s.metaErr)
			}
		default:
			s.fail(at, fmt.Sprintf("page %d, the root: bucket %s is unknown", root.ID, pages.ShownKey(e.Key)), "")
		}
	}
	if s.metaErr != nil {
		s.fail(at, s.metaErr.Error(), "which part of the log the snapshot covers")
	}
	return nil
}

func (s *snapshotCheck) bucketKV() error {
	if s.kv == nil {
		s.missed = true
		s.fail(s.walk.Offset(s.walk.Meta.Root), "bucket kv is missing", shownRange(nil, nil))
		return nil
	}
	return s.walk.Bucket(*s.kv, &pages.Visitor{Leaf: s.leaf})
}

// freePages verifies that each page is in use or free, and not both.
func (s *snapshotCheck) freePages() {
	w := s.walk
	if _, err := w.Free(); err != nil {
		s.fail(w.Offset(w.Meta.Freelist), err.Error(), "")
		return
	}
	if s.missed || w.Meta.Freelist == pages.NoFreelist {
		return
	}
	first, leaks := uint64(0), 0
	for id := range w.Pages {
		if !w.Seen(id) {
			if leaks++; first == 0 {
				first = id
			}
		}
	}
	if leaks > 0 {
		s.warn(w.Offset(first), fmt.Sprintf("page %d and %d more are neither in use nor free: nothing is lost but their room", first, leaks-1), "")
	}
}

// conclude verifies what needs the log too.
func (s *snapshotCheck) conclude(log *logCheck) {
	if s.Snapshot == nil || s.legacy {
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
			f.Level, f.Lost, f.Mend = Warn, "", ""
			f.Text += "; the other one is complete, and the next checkpoint but one writes this one anew"
		}
		s.add(f)
	}
	if s.failures == 0 {
		s.ok(datadir.SnapshotFile, "%d entries with %d bytes, up to record %d of the log, saved %s", s.keys, s.bytes, s.meta.LSN, s.meta.Saved.UTC().Format(time.RFC3339))
	}
}

// length verifies that a leaf page has as many pages as its content takes.
func (s *snapshotCheck) length(g *pages.Page) {
	if want := uint64(g.End()-1) / uint64(s.walk.File.PageSize); want < g.Follow {
		s.warn(s.walk.Offset(g.ID), fmt.Sprintf("page %d has %d pages that follow it, its content needs %d", g.ID, g.Follow, want), "")
	}
}

func (s *snapshotCheck) leaf(g *pages.Page, lo, hi []byte) error {
	if s.leaves++; s.leaves%256 == 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	s.progress.add(g.Size())
	s.length(g)
	disorder, flags := "", 0
	last := s.before // the last key of all, nil if there is none
	bad := g.Entries(lo, hi, readEntry, func(el *pages.Element, e *format.Entry) {
		if el.Flags != 0 {
			flags++
		}
		switch {
		case last != nil && bytes.Compare(last, e.Key) >= 0:
			disorder = fmt.Sprintf("key %s follows %s", pages.ShownKey(e.Key), pages.ShownKey(last))
		case !pages.InRange(e.Key, lo, hi):
			disorder = fmt.Sprintf("key %s does not belong there", pages.ShownKey(e.Key))
		}
		last = e.Key
		s.keys++
		s.bytes += int64(len(e.Key) + len(e.Value))
		s.clock = max(s.clock, e.Version.Time)
	})
	if last != nil {
		s.before = append(s.before[:0], last...) // the page goes
	}
	at := s.walk.Offset(g.ID)
	if err := s.reportBad(g, at, bad); err != nil {
		return err
	}
	if disorder != "" {
		s.fail(at, fmt.Sprintf("page %d is out of order: %s", g.ID, disorder), "")
	}
	if flags > 0 {
		s.add(Finding{Level: Warn, File: datadir.SnapshotFile, Offset: at, Mend: s.repairCommand(),
			Text: fmt.Sprintf("page %d: %d elements have flags that mean nothing; their entries are good", g.ID, flags)})
	}
	return nil
}

func readEntry(el *pages.Element) (format.Entry, error) {
	e, err := el.Entry()
	if err == nil && el.Flags&pages.BucketFlag != 0 {
		err = errors.New("it is marked as a bucket")
	}
	return e, err
}

// reportBad reports the entries of a page that cannot be read.
func (s *snapshotCheck) reportBad(g *pages.Page, at int64, bad []pages.BadEntry) error {
	for i := range bad {
		if errors.Is(bad[i].Err, format.ErrNewerFormat) {
			return fmt.Errorf("%s: key %s: %w", s.Snapshot.Path, pages.ShownKey(bad[i].Key), bad[i].Err)
		}
	}
	switch n := len(bad); {
	case n == 0:
	case n == 1 && bad[0].PlausibleKey() != nil:
		key := pages.ShownKey(bad[0].Key)
		s.fail(at, fmt.Sprintf("page %d: the entry of %s is damaged: %v", g.ID, key, bad[0].Err), "the entry of "+key)
	default:
		s.fail(at, fmt.Sprintf("page %d: %s damaged: %v", g.ID, judge.EntriesAre(int64(n)), bad[0].Err), shownRange(bad[0].Lo, bad[n-1].Hi))
	}
	return nil
}
