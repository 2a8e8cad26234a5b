package repair

import (
	"bytes"
	"slices"

	"owlcache/engine/internal/judge"
)

// Report says what Run has read, kept and lost. The names in JSON are
// stable.
type Report struct {
	Source   string   `json:"source"`   // the damaged directory, unchanged
	Target   string   `json:"target"`   // the new one; empty if nothing was written
	Complete bool     `json:"complete"` // nothing is lost, nothing is uncertain
	Snapshot Snapshot `json:"snapshot"`
	Log      Log      `json:"log"`
	Kept     Kept     `json:"kept"`
	Damage   []Damage `json:"damage"` // where the directory is not as it should be
	Keys     []Key    `json:"keys"`   // those of which something is known to be wrong
	Files    []File   `json:"files"`  // everything but data
}

// Snapshot says what was read of the snapshot.
type Snapshot struct {
	Present bool   `json:"present"`
	Legacy  bool   `json:"legacy"`  // the file of a 0.5.1 node
	Entries int64  `json:"entries"` // that were read
	Wanted  int64  `json:"wanted"`  // that it should have; 0 if it is not known
	LSN     uint64 `json:"lsn"`     // it covers the log up to here; 0 if it is not known
}

// Log says what was read of the log.
type Log struct {
	Segments    int    `json:"segments"`
	Bytes       int64  `json:"bytes"`
	Records     int64  `json:"records"`      // that were read
	Operations  int64  `json:"operations"`   // that were applied
	FirstLSN    uint64 `json:"first_lsn"`    // where the log begins
	LastLSN     uint64 `json:"last_lsn"`     // where it ends, as far as is known
	LostRecords uint64 `json:"lost_records"` // of those whose LSN is known
}

// Kept says what the new directory holds.
type Kept struct {
	Keys       int64  `json:"keys"`
	Tombstones int64  `json:"tombstones"`
	Bytes      int64  `json:"bytes"` // of keys and values
	LSN        uint64 `json:"lsn"`   // the next record of the log comes behind it
}

// Damage is one place of the directory that is not as it should be.
type Damage = judge.Damage

// The states of a Key.
const (
	Lost      = "lost"      // the new directory does not have it
	Uncertain = "uncertain" // it has it, but perhaps not as it was last
)

// Key is a key that is lost or uncertain.
type Key struct {
	Key     []byte `json:"key"` // as far as it could be read
	State   string `json:"state"`
	Problem string `json:"problem"`
}

// The states of a File.
const (
	FileCopied = "copied"
	FileAbsent = "absent" // there is none, as in most directories
	FileLost   = "lost"   // it cannot be used and was not copied
)

// File is a file of the directory that holds no data.
type File struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	Problem string `json:"problem,omitempty"`
}

func (r *Report) finish() {
	r.Complete = len(r.Keys) == 0
	for _, d := range r.Damage {
		r.Complete = r.Complete && !d.Loss
		if d.FirstLSN > 0 && d.LastLSN >= d.FirstLSN {
			r.Log.LostRecords += d.LastLSN - d.FirstLSN + 1
		}
	}
	for _, f := range r.Files {
		r.Complete = r.Complete && f.State != FileLost
	}
	slices.SortStableFunc(r.Keys, func(a, b Key) int { return bytes.Compare(a.Key, b.Key) })
}
