package upgrade

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"owlcache/cmd/owlcache/internal/term"
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

// Report is what upgrade-check says. The names of the fields are part of the program's interface.
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

func (r *Report) add(f Finding) { r.Findings = append(r.Findings, f) }

func (u *inspection) add(level, place, text, write string) {
	u.report.add(Finding{Level: level, Place: place, Text: text, Write: write})
}

// about adds a finding about the option of a field.
func (u *inspection) about(level string, field any, text, write string) {
	u.report.add(Finding{level, u.conf.place(field), u.conf.Setting(field).Name, text, write})
}

// say adds a note about nothing in particular.
func (u *inspection) say(format string, args ...any) {
	u.add(Note, "", fmt.Sprintf(format, args...), "")
}

// finish puts the worst first, each kind in the order of the file and then of finding.
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

// line returns the line of a place in the configuration file. What has none there comes last.
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

func (r *Report) count(level string) int64 {
	n := int64(0)
	for i := range r.Findings {
		if r.Findings[i].Level == level {
			n++
		}
	}
	return n
}

// print writes the report for people. Errors are those of w, which keeps them.
func (r *Report) print(w *bufio.Writer, now time.Time) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	line("configuration  %s", term.Text(cmp.Or(r.Config, "none")))
	line("directory      %s", term.Text(r.Data.Directory))
	r.printData(line, now)
	r.printFindings(line, Damaged, "damaged")
	r.printFindings(line, Change, "to change before the first start")
	r.printFindings(line, Note, "different from 0.5.1, or good to know")
	line("")
	line("%s: %s to change, %s", r.Status, term.Count(r.count(Change)+r.count(Damaged), "thing"), term.Count(r.count(Note), "note"))
}

func (r *Report) printData(line func(string, ...any), now time.Time) {
	d := &r.Data
	switch d.Kind {
	case Current:
		line("data           of this version: there is nothing to take over")
		return
	case None:
		line("data           none that can be taken over")
	case Legacy:
		line("data           of 0.5.1, %s, saved %s", term.Bytes(d.Bytes), term.Moment(*d.Saved, now))
		line("")
		line("taken over at the first start")
		line("  keys    %s live (%s with an expiry); left out: %s expired, %s for their sizes", humanize.Comma(d.Live), humanize.Comma(d.Expiring), humanize.Comma(d.Expired), humanize.Comma(d.Refused))
		line("  bytes   keys %s, values %s; the largest key %s, the largest value %s", term.Bytes(d.KeyBytes), term.Bytes(d.ValueBytes), term.Bytes(int64(d.LargestKey)), term.Bytes(int64(d.LargestValue)))
	}
	for _, g := range d.Groups {
		line("  %-7s %s, in %s", strings.Replace(g.Type, "owlcache", "group", 1), term.Count(int64(len(g.Members)), "member"), g.File)
	}
	if d.Sites > 0 {
		line("  sites   %s of the URL cache", humanize.Comma(int64(d.Sites)))
	}
	if d.Tokens > 0 {
		line("not taken over")
		line("  tokens  %s: clients log in again", humanize.Comma(d.Tokens))
	}
}

func (r *Report) printFindings(line func(string, ...any), level, title string) {
	if r.count(level) == 0 {
		return
	}
	line("")
	line("%s", title)
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Level != level {
			continue
		}
		line("  %s", term.Text(f.title()+f.Text))
		if f.Write != "" {
			line("      -> %s", term.Text(f.Write))
		}
	}
}

// title returns what a line about the finding begins with.
func (f *Finding) title() string {
	s := f.Place
	if f.Option != "" && !strings.HasPrefix(f.Text, f.Option) {
		s += " " + f.Option
	}
	if s != "" {
		s += ": "
	}
	return s
}
