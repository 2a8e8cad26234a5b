package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/dump"
)

// importResult is the report of an import for programs.
type importResult struct {
	File      string  `json:"file"`
	To        string  `json:"to,omitempty"`
	Addr      string  `json:"addr,omitempty"`
	DryRun    bool    `json:"dry_run"`
	Complete  bool    `json:"complete"`
	Unit      string  `json:"unit"`
	Last      int64   `json:"last"`
	Entries   int64   `json:"entries"`
	Written   int64   `json:"written"`
	Unchanged int64   `json:"unchanged"`
	Existing  int64   `json:"existing"`
	Expired   int64   `json:"expired"`
	Filtered  int64   `json:"filtered"`
	LeftOut   int64   `json:"left_out"`
	Bytes     int64   `json:"bytes"`
	Seconds   float64 `json:"seconds"`
}

// explain prints the report, and adds to an error what was done before and how to go on.
func (im *importer) explain(err error) error {
	if im.report.Unit == "" { // the file was not opened
		return err
	}
	if err != nil {
		err = im.withAdvice(err)
	}
	if printed := im.printReport(err == nil); printed != nil {
		return errors.Join(err, printed)
	}
	return err
}

// withAdvice keeps the exit code of err.
func (im *importer) withAdvice(err error) error {
	r := &im.report
	units := english.PluralWord(2, r.Unit, "")
	var line *dump.LineError
	bad := errors.As(err, &line)
	var advice string
	switch {
	case im.flags.dryRun:
		return err
	case r.Last < im.flags.from:
		advice = "nothing was imported"
	case bad:
		advice = fmt.Sprintf("the %s up to %d are imported; when %s %d is corrected, go on with --from-line %d", units, r.Last, r.Unit, line.Line, line.Line)
	default:
		advice = fmt.Sprintf("the %s up to %d are imported; go on with --from-line %d", units, r.Last, r.Last+1)
	}
	return fmt.Errorf("%w\n%s", err, advice)
}

func (im *importer) printReport(complete bool) error {
	r := im.report
	result := importResult{
		File: im.file, To: im.flags.to, Addr: im.flags.node.Addr, DryRun: im.flags.dryRun, Complete: complete,
		Unit: r.Unit, Last: r.Last, Entries: r.Entries, Written: r.Written, Unchanged: r.Unchanged, Existing: r.Existing,
		Expired: r.Expired, Filtered: r.Filtered, LeftOut: r.LeftOut, Bytes: r.Bytes, Seconds: time.Since(im.start).Seconds(),
	}
	switch {
	case im.flags.out.JSON():
		return json.NewEncoder(im.p.Stdout).Encode(&result)
	case !complete && r.Last < im.flags.from:
		return nil // the error says that nothing was imported
	}
	return result.print(im.p.Stderr)
}

// print writes the report for people.
func (r *importResult) print(w io.Writer) error {
	parts := []string{"read " + term.Count(r.Entries, "entry")}
	if !r.DryRun {
		parts = append(parts, fmt.Sprintf("wrote %s (%s)", humanize.Comma(r.Written), humanize.IBytes(uint64(r.Bytes))))
	}
	for _, c := range []struct {
		n    int64
		what string
	}{
		{r.Unchanged, "were there already"}, {r.Existing, "kept as they were"}, {r.Expired, "expired"},
		{r.Filtered, "without the prefix"}, {r.LeftOut, "impossible to hold"},
	} {
		if c.n > 0 {
			parts = append(parts, humanize.Comma(c.n)+" "+c.what)
		}
	}
	end := "\n"
	if r.DryRun {
		end = "; nothing was written\n"
	}
	_, err := fmt.Fprintf(w, "owlcache: %s; in %s%s", strings.Join(parts, ", "), term.Seconds(r.Seconds), end)
	return err
}
