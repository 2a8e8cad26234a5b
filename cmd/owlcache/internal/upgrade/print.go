package upgrade

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"owlcache/cmd/owlcache/internal/term"
)

// print writes the report for people. Errors are those of w, which keeps them.
func (r *Report) print(w *bufio.Writer, now time.Time) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	config := "none"
	if r.Config != "" {
		config = r.Config
	}
	line("configuration  %s", term.Text(config))
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

// printFindings writes those of a level.
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
