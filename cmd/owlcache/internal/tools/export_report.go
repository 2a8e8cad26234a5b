package tools

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
)

// exportResult is the report of an export for programs.
type exportResult struct {
	File       string           `json:"file"`
	Entries    int64            `json:"entries"`
	Resumed    int64            `json:"resumed"`
	Bytes      int64            `json:"bytes"`
	FileBytes  int64            `json:"file_bytes"`
	Expired    int64            `json:"expired"`
	Tombstones int64            `json:"tombstones"`
	Complete   bool             `json:"complete"`
	Damage     []localdir.Place `json:"damage"`
	Seconds    float64          `json:"seconds"`
}

// printReport says what was done, on the standard error unless that leaves the
// standard output to the report.
func (x *exporter) printReport() error {
	r := exportResult{
		File: x.flags.file, Entries: x.report.Entries, Bytes: x.report.Bytes, FileBytes: x.report.OutBytes,
		Expired: x.report.Expired, Tombstones: x.report.Deleted,
		Complete: x.damage.Total == 0, Damage: append([]localdir.Place{}, x.damage.Places...), Seconds: time.Since(x.start).Seconds(),
	}
	if x.file != nil {
		r.Resumed = x.file.Kept().Lines
		r.FileBytes += x.file.Kept().Bytes
	}
	switch {
	case x.flags.Out.JSON() && x.file != nil:
		return json.NewEncoder(x.p.Stdout).Encode(&r)
	case x.flags.Out.JSON():
		return json.NewEncoder(x.p.Stderr).Encode(&r)
	}
	return r.print(x.p.Stderr)
}

// print writes the report for people.
func (r *exportResult) print(w io.Writer) error {
	target := ""
	if r.File != "-" {
		target = " to " + term.Text(r.File)
	}
	resumed := ""
	if r.Resumed > 0 {
		resumed = " behind " + term.Count(r.Resumed, "entry") + " that were there"
	}
	_, err := fmt.Fprintf(w, "owlcache: exported %s%s (%s of keys and values)%s in %s\n",
		term.Count(r.Entries, "entry"), target, humanize.IBytes(uint64(r.Bytes)), resumed, term.Seconds(r.Seconds))
	return err
}
