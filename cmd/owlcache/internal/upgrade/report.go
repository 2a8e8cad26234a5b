package upgrade

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"owlcache/cmd/owlcache/internal/config"
)

// What a report says as a whole, and what a finding is. The worst finding decides.
const (
	upgradeReady   = "ready"
	upgradeDamaged = "damaged"
	upgradeChange  = "change" // something must be changed before the first start
	upgradeNote    = "note"   // something behaves differently
)

// Kinds of data.
const (
	upgradeLegacy  = "0.5.1"
	upgradeCurrent = "current" // a start of this version has been here
	upgradeNone    = "none"
)

// upgrade is one run of upgrade-check.
type upgrade struct {
	now    time.Time
	table  []config.Option
	conf   *upgradeConfig // nil: there is none
	report upgradeReport
}

// upgradeReport is what upgrade-check says. The names of the fields are part of the
// program's interface.
type upgradeReport struct {
	Status   string           `json:"status"`
	Config   string           `json:"config,omitempty"`
	Data     upgradeData      `json:"data"`
	Findings []upgradeFinding `json:"findings"`
}

// upgradeFinding is one thing to know. Text and Write quote no secret.
type upgradeFinding struct {
	Level  string `json:"level"`
	Place  string `json:"place,omitempty"`  // FILE or FILE:LINE
	Option string `json:"option,omitempty"` // that it is about
	Text   string `json:"text"`
	Write  string `json:"write,omitempty"` // what to write there, or to do
}

// add adds a finding.
func (u *upgrade) add(f upgradeFinding) { u.report.Findings = append(u.report.Findings, f) }

// note adds a note about nothing in particular.
func (u *upgrade) note(format string, args ...any) {
	u.add(upgradeFinding{Level: upgradeNote, Text: fmt.Sprintf(format, args...)})
}

// finish puts the worst first, each kind in the order of the file and then of finding,
// and draws the sum.
func (u *upgrade) finish() *upgradeReport {
	r := &u.report
	if r.Findings == nil {
		r.Findings = []upgradeFinding{}
	}
	rank := []string{upgradeDamaged, upgradeChange, upgradeNote}
	slices.SortStableFunc(r.Findings, func(a, b upgradeFinding) int {
		if c := slices.Index(rank, a.Level) - slices.Index(rank, b.Level); c != 0 {
			return c
		}
		return cmp.Compare(u.line(a.Place), u.line(b.Place))
	})
	r.Status = upgradeReady
	if len(r.Findings) > 0 && r.Findings[0].Level != upgradeNote {
		r.Status = r.Findings[0].Level
	}
	return r
}

// noLine is behind all lines of a file.
const noLine = 1 << 30

// line returns the line of a place in the configuration file. What has none there comes
// last.
func (u *upgrade) line(place string) int {
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
func (r *upgradeReport) count(level string) int64 {
	n := int64(0)
	for i := range r.Findings {
		if r.Findings[i].Level == level {
			n++
		}
	}
	return n
}
