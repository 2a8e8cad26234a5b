package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
	"owlcache/engine/internal/testdir"
	"owlcache/engine/repair"
	"owlcache/wal"
)

// seen is all that a store sees of its directory.
type seen struct {
	entries map[string]string // by key: all that is known of it
	node    uint64
	created int64
	clock   uint64
	lsn     uint64
	secrets datadir.Secrets
}

// look opens a directory as a node does.
func look(path string) (s seen, err error) {
	n, err := testdir.Try(path, engine.Options{})
	if err != nil {
		return s, err
	}
	s = seen{entries: map[string]string{}, node: n.NodeID(), created: n.Dir.Created().UnixNano(), clock: n.Recovered().Version, lsn: n.Stats().LSN}
	for _, e := range n.Contents() {
		s.entries[string(e.Key)] = string((&format.Record{Kind: format.RecordSet, Entry: e}).AppendTo([]byte(fmt.Sprint(e.Tombstone))))
	}
	s.secrets, _, err = n.Dir.Secrets(false, false)
	s.secrets.Edited = false
	return s, errors.Join(err, n.Stop())
}

// differs says in what two of them differ; empty is not at all.
func (s *seen) differs(o *seen) string {
	var d []string
	if !maps.Equal(s.entries, o.entries) {
		d = append(d, "entries")
	}
	if s.node != o.node || s.created != o.created {
		d = append(d, "identity")
	}
	if s.clock != o.clock {
		d = append(d, "clock")
	}
	if s.lsn != o.lsn {
		d = append(d, "lsn")
	}
	if s.secrets != o.secrets {
		d = append(d, "secrets")
	}
	return strings.Join(d, ", ")
}

// flipPatient is a directory whose bytes are changed.
type flipPatient struct {
	*testdir.Patient
	name    string
	good    seen
	torn    seen // what may be there if the last record of the log is taken for a torn one
	records []recordPlace
}

// recordPlace is where a record of the log lies.
type recordPlace struct {
	file     string
	from, to int
	keys     []string
}

// newFlipPatient returns a directory that was left by a stopped node, or by one that
// was killed.
func newFlipPatient(t testing.TB, killed bool) *flipPatient {
	t.Helper()
	p := &flipPatient{Patient: testdir.NewPatient(t), name: "stopped"}
	n := testdir.Start(t, p.Path, engine.Options{SegmentSize: 4 << 10})
	if _, _, err := n.Dir.Secrets(true, true); err != nil {
		t.Fatal(err)
	}
	if killed {
		p.name = "killed"
		rnd := rand.New(rand.NewPCG(5, 5))
		for i := range 20 {
			p.Step(t, n, rnd, fmt.Sprint("killed", i))
		}
		p.torn = p.lookAt(t, testdir.ReadAll(t, p.Path))
		p.Last["tail"] = strings.Repeat("the last write ", 40)
		p.Ever["tail"] = []string{p.Last["tail"]}
		testdir.MustSet(t, n, "tail", p.Last["tail"], 0)
		p.Files = testdir.ReadAll(t, p.Path)
		testdir.MustStop(t, n)
	} else {
		testdir.MustStop(t, n)
		p.Files = testdir.ReadAll(t, p.Path)
		p.torn = p.lookAt(t, p.Files)
	}
	p.good = p.lookAt(t, p.Files)
	p.findRecords(t)
	return p
}

// lookAt returns what a store sees of some files.
func (p *flipPatient) lookAt(t testing.TB, files map[string][]byte) seen {
	t.Helper()
	s, err := look((&testdir.Patient{Files: files}).Copy(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *flipPatient) findRecords(t testing.TB) {
	t.Helper()
	dir := p.Copy(t, nil)
	found, err := wal.Salvage(nil, filepath.Join(dir, datadir.LogDir), func(_ uint64, path string, offset int64, payload []byte) error {
		place := recordPlace{file: datadir.LogDir + "/" + filepath.Base(path), from: int(offset), to: int(offset) + len(payload) + 25}
		err := format.EachRecord(payload, func(r *format.Record) error {
			place.keys = append(place.keys, string(r.Key))
			return nil
		})
		p.records = append(p.records, place)
		return err
	})
	if err != nil || len(found.Flaws) > 0 {
		t.Fatalf("%+v, %v", found, err)
	}
}

// flip is one changed byte.
type flip struct {
	file string
	at   int
	mask byte
}

func (r *recordPlace) has(f flip) bool { return r.file == f.file && f.at >= r.from && f.at < r.to }

func (f flip) String() string { return fmt.Sprintf("%s at %d ^ %#02x", f.file, f.at, f.mask) }

// random chooses one: mostly in the data, where most of the bytes are.
func (p *flipPatient) random(rnd *rand.Rand) flip {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if len(p.Files[name]) > 0 {
			names = append(names, name)
		}
	}
	name := names[rnd.IntN(len(names))]
	if rnd.IntN(2) == 0 {
		name = datadir.SnapshotFile
	}
	return flip{file: name, at: rnd.IntN(len(p.Files[name])), mask: byte(1 + rnd.IntN(255))}
}

// flipStats counts what came of the flips.
type flipStats struct {
	flips, refused, torn, silent  int // by what a store did
	fail, warn, ok                int // by what check said
	strict                        int // check says fail, and a store starts as before
	incomplete, keysLost, keysOld int // by what repair did
}

// try changes one byte and looks what check, a store and repair make of it.
func (p *flipPatient) try(t *testing.T, f flip, st *flipStats) {
	// Each in a test of its own, which gives back its directories.
	t.Run(f.String(), func(t *testing.T) { p.tryOne(t, f, st) })
}

func (p *flipPatient) tryOne(t *testing.T, f flip, st *flipStats) {
	t.Helper()
	content := bytes.Clone(p.Files[f.file])
	content[f.at] ^= f.mask
	change := map[string][]byte{f.file: content}
	dir := p.Copy(t, change)
	report, err := Run(context.Background(), dir, Options{})
	if err != nil {
		t.Errorf("%v: check: %v", f, err)
		return
	}
	st.flips++
	switch report.Status {
	case Fail:
		st.fail++
	case Warn:
		st.warn++
	default:
		st.ok++
	}
	p.tryRepair(t, f, dir, st)
	p.tryOpen(t, f, dir, report, st)
}

// tryOpen opens the directory, which changes it.
func (p *flipPatient) tryOpen(t *testing.T, f flip, dir string, report *Report, st *flipStats) {
	t.Helper()
	got, err := look(dir)
	last := p.records[len(p.records)-1]
	diff := got.differs(&p.good)
	switch {
	case err != nil:
		if st.refused++; report.Status != Fail {
			t.Errorf("%v: check says %s, and a node does not start: %v", f, report.Status, err)
		}
	case diff == "":
		if st.silent++; report.Status == Fail {
			st.strict++
		}
	case diff == "secrets":
		if report.Status == OK {
			t.Errorf("%v: check does not see that the secrets are others", f)
		}
	case last.has(f) && got.differs(&p.torn) == "":
		if st.torn++; report.Status == OK {
			t.Errorf("%v: check does not see the torn end", f)
		}
	default:
		t.Errorf("%v: check says %s, and a node serves other %s", f, report.Status, diff)
	}
}

// tryRepair repairs the directory: what is not as it was lies where the byte was
// changed, and is named.
func (p *flipPatient) tryRepair(t *testing.T, f flip, dir string, st *flipStats) {
	t.Helper()
	report, got := testdir.Repaired(t, dir)
	if _, there := got["tail"]; p.Last["tail"] != "" && !there && report.Complete && p.records[len(p.records)-1].has(f) {
		return // taken for torn
	}
	wrong := p.Compare(t, f.String(), report, got)
	if !report.Complete {
		st.incomplete++
	}
	named := map[string]string{}
	for _, k := range report.Keys {
		named[string(k.Key)] = k.State
	}
	for _, r := range p.records {
		if r.has(f) {
			for _, key := range r.keys {
				named[key] = "in the damaged record"
			}
		}
	}
	var unnamed []string
	for _, key := range wrong {
		if _, there := got[key]; there {
			st.keysOld++
		} else {
			st.keysLost++
		}
		if named[key] == "" && !inDamage(report, key) {
			unnamed = append(unnamed, key)
		}
	}
	if len(wrong) > 1 || len(unnamed) > 0 {
		t.Errorf("%v: %v are not as they were, %v are not named: %+v", f, wrong, unnamed, report.Damage)
	}
}

// inDamage tells whether a key lies in a part of the snapshot that is reported as lost.
func inDamage(report *repair.Report, key string) bool {
	for _, d := range report.Damage {
		if d.Loss && (d.FromKey != nil || d.ToKey != nil) && pages.InRange([]byte(key), d.FromKey, d.ToKey) {
			return true
		}
	}
	return false
}

// TestFlips changes one byte anywhere, many times: check reports what a store sees of
// it, a store never shows anything else than before, and repair loses only what was
// hit.
func TestFlips(t *testing.T) {
	for _, killed := range []bool{false, true} {
		p := newFlipPatient(t, killed)
		t.Run(p.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, uint64(len(p.records))))
			var st flipStats
			for range flips / 2 {
				p.try(t, p.random(rnd), &st)
			}
			t.Logf("%+v", st)
		})
	}
}
