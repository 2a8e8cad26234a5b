package check

import (
	"fmt"
	"slices"

	"owlcache/engine/internal/pages"
)

// The levels of a Finding.
const (
	OK   = "ok"
	Warn = "warn" // a node starts and serves what it should; somebody should look at it
	Fail = "fail" // damaged: a node does not start, or something is lost
)

// Report says what Run has verified and found. The names in JSON are stable.
type Report struct {
	Path     string    `json:"path"`     // of the directory, absolute
	Status   string    `json:"status"`   // the worst level
	Holder   string    `json:"holder"`   // what LOCK says of the process that uses it; empty if there is none
	Keys     int64     `json:"keys"`     // entries of the snapshot whose checksum is right
	Records  int64     `json:"records"`  // of the log, whose checksum is right
	Ops      int64     `json:"ops"`      // operations in these
	Bytes    int64     `json:"bytes"`    // length of the files with data
	Warnings int64     `json:"warnings"` // findings of that level, with those that are not listed
	Failures int64     `json:"failures"` // the same
	Findings []Finding `json:"findings"`
}

// Finding is one thing that Run has verified or found.
type Finding struct {
	Level  string `json:"level"`
	File   string `json:"file"`           // within the directory, with slashes
	Offset int64  `json:"offset"`         // in bytes, -1 if there is no one place
	Text   string `json:"text"`           // what was verified, or what is wrong
	Lost   string `json:"lost,omitempty"` // what is lost if nothing is done
	Mend   string `json:"mend,omitempty"` // what mends it: a command, or what to do with a file
}

func (r *Report) judge() {
	switch {
	case r.Failures > 0:
		r.Status = Fail
	case r.Warnings > 0:
		r.Status = Warn
	default:
		r.Status = OK
	}
}

func (r *Report) wrong() (list []Finding) {
	for _, f := range r.Findings {
		if f.Level != OK {
			list = append(list, f)
		}
	}
	return list
}

// keep drops what is wrong at a place where nothing was wrong before.
func (r *Report) keep(before []Finding) {
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool {
		there := func(b Finding) bool { return b.Level == f.Level && b.File == f.File && b.Offset == f.Offset }
		if f.Level == OK || slices.ContainsFunc(before, there) {
			return false
		}
		if f.Level == Fail {
			r.Failures--
		} else {
			r.Warnings--
		}
		return true
	})
	r.judge()
}

// maxFindings is how many findings that are not ok are listed of one part.
const maxFindings = 500

// findings is a list of bounded length.
type findings struct {
	list               []Finding
	warnings, failures int64
	notListed          int64
	lastOmitted        Finding // stands for those that are not listed
}

func (l *findings) add(f Finding) {
	switch f.Level {
	case Warn:
		l.warnings++
	case Fail:
		l.failures++
	}
	if f.Level != OK && l.warnings+l.failures > maxFindings {
		l.notListed++
		if l.lastOmitted.Level != Fail {
			l.lastOmitted = f
		}
		return
	}
	l.list = append(l.list, f)
}

func (l *findings) join(part *findings) {
	l.list = append(l.list, part.list...)
	l.warnings, l.failures = l.warnings+part.warnings, l.failures+part.failures
	if part.notListed > 0 {
		f := part.lastOmitted
		l.list = append(l.list, Finding{Level: f.Level, File: f.File, Offset: -1, Text: fmt.Sprintf("%d more findings like these", part.notListed), Mend: f.Mend})
	}
}

func (l *findings) ok(file, format string, args ...any) {
	l.add(Finding{Level: OK, File: file, Offset: -1, Text: fmt.Sprintf(format, args...)})
}

// shownRange renders the keys from lo up to, not including, hi; nil is no bound.
func shownRange(lo, hi []byte) string {
	switch {
	case lo == nil && hi == nil:
		return "all keys of the snapshot"
	case hi == nil:
		return "keys from " + pages.ShownKey(lo) + " on"
	case lo == nil:
		return "keys before " + pages.ShownKey(hi)
	}
	return "keys from " + pages.ShownKey(lo) + ", before " + pages.ShownKey(hi)
}

// shownRecords renders the records of the log from first to last; 0 is no end.
func shownRecords(first, last uint64) string {
	switch last {
	case 0:
		return fmt.Sprintf("the records of the log from %d on", first)
	case first:
		return fmt.Sprintf("record %d of the log", first)
	}
	return fmt.Sprintf("records %d to %d of the log", first, last)
}
