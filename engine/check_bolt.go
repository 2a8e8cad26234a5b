package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"go.etcd.io/bbolt"

	"owlcache/engine/datadir"
)

// maxProblems is how many lines of bbolt's own check are read.
const maxProblems = 20

// leakedPage is what bbolt says of a page that is neither in use nor free.
const leakedPage = "unreachable unfreed"

// CheckSnapshot runs bbolt's own check of the snapshot at path, which it only reads,
// and calls report with what is wrong, a few times at most. Damage that bbolt does
// not expect can make it panic, use up the memory or run for ever, so this is for a
// process that nothing else depends on.
func CheckSnapshot(path string, report func(problem string)) (err error) {
	db, err := openSnapshot(path, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	var dropping sync.WaitGroup
	dropping.Go(func() { dropMapped(ctx, db, fi.Size()) })
	defer dropping.Wait()
	defer stop()
	leaks := 0
	return viewSnapshot(db, path, func(tx *bbolt.Tx) error {
		n := 0
		for err := range tx.Check(bbolt.WithKVStringer(shownStringer{})) {
			if strings.Contains(err.Error(), leakedPage) {
				if leaks++; leaks > 1 {
					continue
				}
			}
			if n++; n <= maxProblems {
				report(err.Error())
			}
		}
		return nil
	})
}

// shownStringer renders keys for people.
type shownStringer struct{}

func (shownStringer) KeyToString(key []byte) string     { return shownKey(key) }
func (shownStringer) ValueToString(value []byte) string { return fmt.Sprintf("%d bytes", len(value)) }

// boltCheck is bbolt's own check.
type boltCheck struct {
	done     bool
	problems []string
	err      error
}

func (b *boltCheck) run(ctx context.Context, c *checker, ready <-chan struct{}) {
	if c.opts.Consistency == nil || c.snapshotFile == nil {
		return
	}
	if legacy, err := isLegacy(c.snapshotFile.path); err != nil || legacy {
		return
	}
	b.problems, b.err = c.opts.Consistency(ctx, c.snapshotFile.path, ready)
	b.done = b.err == nil && ctx.Err() == nil
}

// report adds to the findings about the snapshot.
func (b *boltCheck) report(s *snapshotCheck) {
	if !b.done {
		return
	}
	before := s.failures
	for _, p := range b.problems {
		f := Finding{Level: CheckFail, File: datadir.SnapshotFile, Offset: -1, Text: "bbolt's own check: " + p, Mend: s.repairCommand()}
		if strings.Contains(p, leakedPage) {
			if s.leaks > 0 || before > 0 { // said before, or what follows from a part that is lost
				continue
			}
			f.Level, f.Mend = CheckWarn, ""
		}
		s.add(f)
	}
	if len(b.problems) == 0 {
		s.ok(datadir.SnapshotFile, "bbolt's own check finds nothing wrong")
	}
}
