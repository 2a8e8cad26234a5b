package upgrade

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a report says as a whole, and what a finding is. The worst finding decides.
const (
	Ready   = "ready"
	Damaged = "damaged"
	Change  = "change" // something must be changed before the first start
	Note    = "note"   // something behaves differently
)

// Kinds of data.
const (
	Legacy  = "0.5.1"
	Current = "current" // a start of this version has been here
	None    = "none"
)

// inspection is one run of upgrade-check.
type inspection struct {
	now    time.Time
	conf   *oldConfig // nil: there is none
	report Report
}

// Report is what upgrade-check says. The names of the fields are part of the
// program's interface.
type Report struct {
	Status   string    `json:"status"`
	Config   string    `json:"config,omitempty"`
	Data     Data      `json:"data"`
	Findings []Finding `json:"findings"`
}

// Finding is one thing to know. Text and Write quote no secret.
type Finding struct {
	Level  string `json:"level"`
	Place  string `json:"place,omitempty"`  // FILE or FILE:LINE
	Option string `json:"option,omitempty"` // that it is about
	Text   string `json:"text"`
	Write  string `json:"write,omitempty"` // what to write there, or to do
}

// add adds a finding.
func (u *inspection) add(f Finding) { u.report.Findings = append(u.report.Findings, f) }

// note adds a note about nothing in particular.
func (u *inspection) note(format string, args ...any) {
	u.add(Finding{Level: Note, Text: fmt.Sprintf(format, args...)})
}

// finish puts the worst first, each kind in the order of the file and then of finding,
// and draws the sum.
func (u *inspection) finish() *Report {
	r := &u.report
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	rank := []string{Damaged, Change, Note}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if c := slices.Index(rank, a.Level) - slices.Index(rank, b.Level); c != 0 {
			return c
		}
		return cmp.Compare(u.line(a.Place), u.line(b.Place))
	})
	r.Status = Ready
	if len(r.Findings) > 0 && r.Findings[0].Level != Note {
		r.Status = r.Findings[0].Level
	}
	return r
}

// noLine is behind all lines of a file.
const noLine = 1 << 30

// line returns the line of a place in the configuration file. What has none there comes
// last.
func (u *inspection) line(place string) int {
	if u.conf == nil {
		return noLine
	}
	rest, found := strings.CutPrefix(place, u.conf.path+":")
	if n, err := strconv.Atoi(rest); found && err == nil {
		return n
	}
	return noLine
}

// count returns how many findings have a level.
func (r *Report) count(level string) int64 {
	n := int64(0)
	for i := range r.Findings {
		if r.Findings[i].Level == level {
			n++
		}
	}
	return n
}
