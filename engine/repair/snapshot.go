package repair

import (
	"errors"
	"fmt"
	"io/fs"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/judge"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/pages"
)

func (r *repairer) readSnapshot() error {
	path := r.src.File(datadir.SnapshotFile)
	f, err := datadir.OpenRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return legacy.DanglingLink(path)
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	r.report.Snapshot.Present, r.log.Snapshot = true, true
	if isOne, err := r.readLegacy(path); isOne || err != nil {
		return err
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if fi.Size() < 4*pages.MinPageSize {
		r.log.Unknown = true
		r.damage(Damage{File: path, Bytes: fi.Size(), Problem: "the snapshot is too short to be one", Loss: true})
		return nil
	}
	w := r.chooseTree(pages.OpenDamaged(f, fi.Size()), path)
	conflicts := map[string]string{}
	w.take = func(e *format.Entry, doubt string) {
		if r.apply(&format.Record{Kind: format.RecordSet, Entry: *e}) && doubt != "" {
			conflicts[string(e.Key)] = doubt
		}
	}
	w.walk()
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.useInfo(w, path)
	taken := r.readOrphans(w)
	// A page that is in use and listed as free is right where it is if nothing else
	// claims its place: then it is the list that is damaged.
	if taken > 0 || w.infoErr != nil || w.found != w.info.Keys {
		for key, why := range conflicts {
			if _, ok := r.doubts[key]; !ok {
				r.doubts[key] = why
			}
		}
	}
	r.reportTree(w, path)
	return nil
}

// readLegacy takes the entries of the file of a 0.5.1 node, if it is one. Of one that
// ends too soon it takes those in front of the cut; one that is damaged otherwise is
// refused, since nothing tells which of its entries are right.
func (r *repairer) readLegacy(path string) (isOne bool, err error) {
	if old, err := legacy.NoSnapshot(path); err != nil || !old {
		return false, err
	}
	list, err := legacy.Read(path)
	total := int64(len(list))
	var damage *format.CorruptError
	switch {
	case errors.As(err, &damage):
		if damage.Mend == "" { // it may be a snapshot whose first page is damaged
			return false, nil
		}
		if total, err = legacy.ReadCut(path, func(kv *legacy.Entry) { list = append(list, kv) }); err != nil || len(list) == 0 {
			return true, damage
		}
		r.damage(Damage{File: path, Offset: damage.Offset, Problem: damage.Reason, Loss: true})
	case err != nil:
		return false, err
	}
	part := legacy.Convert(list, r.node, func(*legacy.Entry) {})
	for i := 0; i < part.Len(); {
		var o fold.Outcome
		o, i = part.Next(i)
		r.apply(&o.Record)
	}
	r.report.Snapshot.Legacy = true
	r.report.Snapshot.Entries, r.report.Snapshot.Wanted = int64(part.Len()), total
	return true, nil
}

// chooseTree decides which of the two meta pages to follow. The newer one is right,
// if both are sound. If one is damaged, what it leads to is tried.
func (r *repairer) chooseTree(file *pages.File, path string) *treeWalk {
	metas := file.Metas
	a, b := metas[0], metas[1]
	if a.Txid < b.Txid {
		a, b = b, a
	}
	if a.Valid && b.Valid {
		return newTreeWalk(file, a, nil)
	}
	for _, m := range metas {
		if !m.Valid {
			r.damage(Damage{File: path, Offset: m.At, Bytes: pages.HeaderSize + pages.MetaSize, Problem: "one of the two meta pages of the snapshot is damaged"})
		}
	}
	if !a.Valid {
		a, b = b, a
	}
	// a is valid, unless none is.
	wa, wb := newTreeWalk(file, a, nil), newTreeWalk(file, b, nil)
	wa.walk()
	wb.walk()
	best := a
	switch {
	case wb.sound() && (!wa.sound() || wb.info.LSN > wa.info.LSN), !a.Valid && !wa.sound() && wb.found > wa.found:
		best = b
	}
	return newTreeWalk(file, best, nil)
}

func (r *repairer) useInfo(w *treeWalk, path string) {
	r.report.Snapshot.Entries = w.found
	if w.infoErr != nil {
		r.log.Unknown = true
		r.damage(Damage{File: path, Offset: -1, Loss: true,
			Problem: fmt.Sprintf("%v: which part of the log the snapshot covers is not known", w.infoErr)})
		return
	}
	r.log.Covered, r.clock = w.info.LSN, max(r.clock, w.info.Clock)
	r.report.Snapshot.Wanted, r.report.Snapshot.LSN = w.info.Keys, w.info.LSN
}

// readOrphans takes what pages outside of the tree hold of damaged parts of it, and
// returns how many entries that were. Pages that are not listed as free have lost
// their place in the tree. Only if entries are still missing then, pages that are
// listed as free are searched: what they hold was true once.
func (r *repairer) readOrphans(w *treeWalk) (taken int) {
	o := orphanTaker{repairer: r, walk: w, bad: map[string]format.Version{}}
	// The log begins behind the end of what the snapshot covers: its newest
	// transactions are gone, and may still be in the file.
	o.newer = w.infoErr == nil && r.log.First > w.info.LSN+1
	if w.sound() && !o.newer {
		return 0
	}
	for _, b := range w.bad {
		o.bad[string(b.PlausibleKey())] = b.version()
	}
	o.searched = "it was found in a page of the snapshot that is not in the tree"
	w.orphans(false, false, o.take)
	o.searched = ""
	w.orphans(true, true, o.take)
	if w.infoErr != nil || r.report.Snapshot.Entries+int64(len(o.bad)) < w.info.Keys {
		o.searched = "it was found in a page of the snapshot that is no longer in use: it may be older, or deleted since"
		w.orphans(true, false, o.take)
	}
	for _, b := range w.bad {
		key := b.PlausibleKey()
		if _, ok := o.bad[string(key)]; ok && key != nil {
			r.lost[string(key)] = fmt.Sprintf("its entry in the snapshot, page %d, is damaged: %v", b.page, b.Err)
		}
	}
	r.newer = o.newer && o.taken > 0
	return o.taken
}

type orphanTaker struct {
	*repairer
	walk     *treeWalk
	newer    bool                      // whether to take what is newer than the tree
	searched string                    // whether to take what belongs to a damaged part, and the doubt about it
	bad      map[string]format.Version // damaged entries of the tree
	taken    int
}

func (o *orphanTaker) take(e *format.Entry) {
	rec := &format.Record{Kind: format.RecordSet, Entry: *e}
	if version, isBad := o.bad[string(e.Key)]; isBad {
		// Perhaps it is an older copy of the very entry; any other is known to be old.
		if !version.IsZero() && version == e.Version && o.apply(rec) {
			delete(o.bad, string(e.Key))
			o.report.Snapshot.Entries++
		}
		return
	}
	if (!o.newer || e.Version.Time <= o.walk.info.Clock) && (o.searched == "" || !o.walk.searched(e.Key)) {
		return
	}
	_, _, there := o.table.Peek(e.Key)
	if !o.apply(rec) {
		return
	}
	o.doubts[string(e.Key)] = o.searched
	if o.searched == "" {
		o.doubts[string(e.Key)] = "it was found in a page of the snapshot that a lost transaction has written"
	}
	o.taken++
	if !there {
		o.report.Snapshot.Entries++
	}
}

func (r *repairer) reportTree(w *treeWalk, path string) {
	complete := w.infoErr == nil && r.report.Snapshot.Entries == w.info.Keys && len(r.doubts) == 0
	loss := false
	for _, f := range w.flaws {
		d := Damage{File: path, Offset: w.Offset(f.page), Problem: f.why, Loss: (f.lost || f.search) && !complete}
		if f.search {
			d.FromKey, d.ToKey = f.lo, f.hi
		}
		loss = loss || d.Loss
		r.damage(d)
	}
	if w.Meta.Valid && w.Meta.Pages > w.File.Count() {
		r.damage(Damage{File: path, Offset: w.File.Size, Problem: fmt.Sprintf("the snapshot ends before its page %d", w.Meta.Pages-1)})
	}
	loss = loss || len(w.bad) > 0 && !complete
	r.reportBad(w, path, complete)
	if !w.freeOK && w.Meta.Valid && w.Meta.Freelist != pages.NoFreelist {
		r.damage(Damage{File: path, Offset: w.Offset(w.Meta.Freelist), Problem: "the list of free pages is damaged; it holds no data"})
	}
	if missing := w.info.Keys - r.report.Snapshot.Entries; w.infoErr == nil && missing != 0 && !loss && !r.newer {
		r.damage(Damage{File: path, Offset: -1, Loss: true,
			Problem: fmt.Sprintf("%d entries were read, %d were written", r.report.Snapshot.Entries, w.info.Keys)})
	}
}

// reportBad reports the pages that have damaged entries. If something is lost, it is
// said between which keys: the key of a damaged entry may be what is damaged.
func (r *repairer) reportBad(w *treeWalk, path string, complete bool) {
	for bad := w.bad; len(bad) > 0; {
		n := 0
		var lost []badEntry
		for ; n < len(bad) && bad[n].page == bad[0].page; n++ {
			key := bad[n].PlausibleKey()
			if _, isLost := r.lost[string(key)]; !complete && (isLost || key == nil) {
				lost = append(lost, bad[n])
			}
		}
		d := Damage{File: path, Offset: w.Offset(bad[0].page), Loss: len(lost) > 0,
			Problem: fmt.Sprintf("page %d: %s damaged: %v", bad[0].page, judge.EntriesAre(int64(n)), bad[0].Err)}
		if d.Loss {
			d.FromKey, d.ToKey = lost[0].Lo, lost[len(lost)-1].Hi
		}
		r.damage(d)
		bad = bad[n:]
	}
}
