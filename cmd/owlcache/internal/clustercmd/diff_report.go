package clustercmd

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"

	"github.com/dustin/go-humanize"

	"owlcache/cmd/owlcache/internal/term"
)

// diffRow is the differences of the keys with a prefix.
type diffRow struct {
	prefix string // empty for keys without a delimiter
	*diffCount
}

// rows returns the prefixes with the most differences first.
func (d *differ) rows() []diffRow {
	rows := make([]diffRow, 0, len(d.counts))
	for prefix, count := range d.counts {
		rows = append(rows, diffRow{prefix, count})
	}
	slices.SortFunc(rows, func(a, b diffRow) int {
		return cmp.Or(cmp.Compare(b.total(), a.total()), cmp.Compare(a.prefix, b.prefix))
	})
	return rows
}

// printDiff prints what was found.
func printDiff(p *term.Process, d *differ, f *diffFlags) error {
	rows := d.rows()
	shown := rows[:min(len(rows), f.prefixes.Limit)]
	if f.client.Out.JSON() {
		return p.PrintJSON(d.json(shown))
	}
	b := bufio.NewWriter(p.Stdout) // it keeps its errors until Flush
	for i, name := range []string{"A", "B"} {
		side := &d.sides[i]
		_, _ = fmt.Fprintf(b, "%s  %s  node %s  %s\n", name, term.Text(side.Host()), term.Text(side.node), term.Count(side.entries, "entry"))
	}
	if d.sum.total() == 0 {
		_, _ = fmt.Fprintln(b, "both hold the same")
		return b.Flush()
	}
	_, _ = fmt.Fprintln(b)
	d.table(b, shown)
	if err := b.Flush(); err != nil {
		return err
	}
	if len(shown) < len(rows) {
		_, _ = fmt.Fprintf(p.Stderr, "owlcache: these are %s; more with --limit\n", term.OfAll(len(shown), int64(len(rows)), "prefix"))
	}
	return nil
}

func (d *differ) table(b *bufio.Writer, rows []diffRow) {
	t := term.NewTable(b, term.Column{Title: "ONLY ON A", Right: true}, term.Column{Title: "ONLY ON B", Right: true},
		term.Column{Title: "NEWER ON A", Right: true}, term.Column{Title: "NEWER ON B", Right: true}, term.Column{Title: "DELETIONS", Right: true}, term.Column{Title: "PREFIX"})
	row := func(c *diffCount, prefix string) {
		t.Row(humanize.Comma(c.only[0]), humanize.Comma(c.only[1]), humanize.Comma(c.newer[0]), humanize.Comma(c.newer[1]), humanize.Comma(c.deletions), prefix)
	}
	for _, r := range rows {
		prefix := "(none)"
		if r.prefix != "" {
			prefix = term.Key([]byte(r.prefix))
		}
		row(r.diffCount, prefix)
	}
	if d.others.total() > 0 {
		row(&d.others, fmt.Sprintf("(beyond %s prefixes)", humanize.Comma(diffPrefixes)))
	}
	row(&d.sum, "all")
	t.End()
}

// diffCountJSON is a diffCount for programs.
type diffCountJSON struct {
	OnlyA     int64 `json:"only_a"`
	OnlyB     int64 `json:"only_b"`
	NewerA    int64 `json:"newer_a"`
	NewerB    int64 `json:"newer_b"`
	Deletions int64 `json:"deletions"`
}

func (c *diffCount) json() diffCountJSON {
	return diffCountJSON{c.only[0], c.only[1], c.newer[0], c.newer[1], c.deletions}
}

type diffRowJSON struct {
	Prefix       *string `json:"prefix,omitempty"`
	PrefixBase64 []byte  `json:"prefix_base64,omitempty"`
	diffCountJSON
}

type diffSideJSON struct {
	Address string `json:"address"`
	Node    string `json:"node"`
	Entries int64  `json:"entries"`
}

// diffJSON is the output for programs.
type diffJSON struct {
	A     diffSideJSON `json:"a"`
	B     diffSideJSON `json:"b"`
	Equal bool         `json:"equal"`
	diffCountJSON
	PrefixesTotal int           `json:"prefixes_total"`
	Prefixes      []diffRowJSON `json:"prefixes"`
}

func (d *differ) json(rows []diffRow) diffJSON {
	side := func(s *diffSide) diffSideJSON { return diffSideJSON{s.Host(), s.node, s.entries} }
	j := diffJSON{
		A: side(&d.sides[0]), B: side(&d.sides[1]), Equal: d.sum.total() == 0, diffCountJSON: d.sum.json(),
		PrefixesTotal: len(d.counts), Prefixes: []diffRowJSON{},
	}
	for _, r := range rows {
		text, encoded := term.TextOrBase64([]byte(r.prefix))
		j.Prefixes = append(j.Prefixes, diffRowJSON{text, encoded, r.json()})
	}
	return j
}
