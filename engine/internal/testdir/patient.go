package testdir

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
	"owlcache/engine/repair"
)

// Patient is a data directory that tests damage, and what its node was told.
type Patient struct {
	Path  string
	Last  map[string]string   // the keys with their values at the end
	Ever  map[string][]string // all values that a key ever had
	Quiet map[string]bool     // keys that only the snapshot has
	Files map[string][]byte
}

// NewPatient makes a directory with a snapshot of several transactions, a log of
// several segments behind it, and the files of an operator.
func NewPatient(t testing.TB) *Patient {
	t.Helper()
	p := &Patient{Path: t.TempDir(), Last: map[string]string{}, Ever: map[string][]string{}}
	opts := engine.Options{SegmentSize: 4 << 10}
	s := Start(t, p.Path, opts)
	rnd := rand.New(rand.NewPCG(7, 7))
	for round := range 3 {
		p.Quiet = map[string]bool{}
		for key := range p.Last {
			p.Quiet[key] = true
		}
		for i := range 150 {
			p.Step(t, s, rnd, fmt.Sprintf("r%d.%d", round, i))
		}
		if round < 2 {
			if err := s.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		datadir.SecretFile: `{"password":"a password of the test"}`,
		datadir.GroupFile:  "[\n\t{\"Cmd\":\"\",\"Address\":\"127.0.0.1:7721\",\"Pass\":\"\",\"Token\":\"\"}\n]\n",
		datadir.GossipFile: "null",
		datadir.SitesFile:  "<?xml version='1.0' encoding='UTF-8'?>\n<sites><site><host>http://127.0.0.1:8000</host></site></sites>\n",
	} {
		if err := os.WriteFile(filepath.Join(p.Path, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.Files = ReadAll(t, p.Path)
	return p
}

// Step does one random write.
func (p *Patient) Step(t testing.TB, s *Node, rnd *rand.Rand, stamp string) {
	t.Helper()
	key := fmt.Sprintf("key%03d", rnd.IntN(120))
	_, there := p.Last[key]
	delete(p.Quiet, key)
	switch n := rnd.IntN(10); {
	case there && n == 0:
		if err := s.Delete([]byte(key)); err != nil {
			t.Fatal(err)
		}
		delete(p.Last, key)
	case there && n == 1:
		if _, err := s.Expire([]byte(key), InFuture()); err != nil {
			t.Fatal(err)
		}
	default:
		value := strings.Repeat(stamp, 1+rnd.IntN(30))
		if rnd.IntN(40) == 0 {
			value = strings.Repeat(value, 60) // longer than a page
		}
		MustSet(t, s, key, value, 0)
		p.Last[key] = value
		p.Ever[key] = append(p.Ever[key], value)
	}
}

// Copy makes a directory with the same files, some of them changed; nil is left out.
func (p *Patient) Copy(t testing.TB, change map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range p.Files {
		if c, ok := change[name]; ok {
			if c == nil {
				continue
			}
			content = c
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Segments returns the names of the log's segments.
func (p *Patient) Segments() (list []string) {
	for name := range p.Files {
		if strings.HasSuffix(name, ".wal") {
			list = append(list, name)
		}
	}
	// Names are numbers of one length.
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if list[j] < list[i] {
				list[i], list[j] = list[j], list[i]
			}
		}
	}
	return list
}

// QuietValue returns the offset of the value of a key in a leaf page that the log does not have.
func (p *Patient) QuietValue(t *testing.T, b []byte, leaf int) int {
	t.Helper()
	size := int(binary.LittleEndian.Uint32(b[pages.HeaderSize+8:]))
	g := pages.OpenDamaged(bytes.NewReader(b), int64(len(b))).Read(uint64(leaf / size))
	for i := range g.Count {
		if e := g.Element(i); p.Quiet[string(e.Key)] {
			return leaf + size*int(g.Follow+1) - cap(e.Value) + format.ValueHeader
		}
	}
	t.Fatal("all keys of the page are in the log")
	return 0
}

// Repaired repairs dir, checks that it is as before, and returns what the new one holds.
func Repaired(t testing.TB, dir string) (*repair.Report, map[string]string) {
	t.Helper()
	before := ReadAll(t, dir)
	target := filepath.Join(t.TempDir(), "new")
	report, err := repair.Run(context.Background(), repair.Options{Source: dir, Target: target})
	if err != nil {
		t.Fatalf("repair: %v", err)
	}
	after := ReadAll(t, dir)
	if len(after) != len(before) {
		t.Fatalf("there were %d files, there are %d", len(before), len(after))
	}
	for name, content := range before {
		if !bytes.Equal(content, after[name]) {
			t.Fatalf("%s was changed", name)
		}
	}
	s := Start(t, target, engine.Options{})
	got := map[string]string{}
	for _, e := range s.Contents() {
		got[string(e.Key)] = string(e.Value)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	return report, got
}

// Compare compares what was saved with what there was, and returns the keys that are not as they were last.
func (p *Patient) Compare(t testing.TB, what string, report *repair.Report, got map[string]string) (wrong []string) {
	t.Helper()
	for key, value := range got {
		if p.Last[key] == value {
			continue
		}
		wrong = append(wrong, key)
		known := false
		for _, v := range p.Ever[key] {
			known = known || v == value
		}
		if !known {
			t.Fatalf("%s: %q has the value %.40q, which was never written", what, key, value)
		}
	}
	for key := range p.Last {
		if _, ok := got[key]; !ok {
			wrong = append(wrong, key)
		}
	}
	if report.Complete && len(wrong) > 0 {
		t.Fatalf("%s: said to be complete, but %v are not as they were: %+v", what, wrong, report)
	}
	return wrong
}
