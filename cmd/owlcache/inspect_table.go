package main

import (
	"bufio"
	"strings"
	"unicode/utf8"
)

// column of a table.
type column struct {
	title string
	right bool // aligned to the right, for numbers
	width int  // at least, in characters
}

// tableHeld is how many rows of a table are held back to find the widths.
const tableHeld = 500

// table writes rows of text in columns as wide as its first rows need. Errors are
// those of w, which keeps them until it is flushed.
type table struct {
	w       *bufio.Writer
	indent  string
	columns []column
	hold    int
	held    [][]string
	started bool
}

// newTable returns a table that holds back some rows.
func newTable(w *bufio.Writer, columns ...column) *table {
	t := &table{w: w, columns: columns, hold: tableHeld}
	for i := range t.columns {
		t.columns[i].width = max(t.columns[i].width, len(t.columns[i].title))
	}
	return t
}

// row adds a row with a cell for each column.
func (t *table) row(cells ...string) {
	if t.started {
		t.write(cells)
		return
	}
	t.held = append(t.held, cells)
	if len(t.held) > t.hold {
		t.end()
	}
}

// end writes what is held back, and the titles if that has not been done.
func (t *table) end() {
	if t.started {
		return
	}
	t.started = true
	for _, cells := range t.held {
		for i, cell := range cells {
			t.columns[i].width = max(t.columns[i].width, utf8.RuneCountInString(cell))
		}
	}
	titles := make([]string, len(t.columns))
	for i := range t.columns {
		titles[i] = t.columns[i].title
	}
	t.write(titles)
	for _, cells := range t.held {
		t.write(cells)
	}
	t.held = nil
}

// write puts one line. The last cell has no spaces behind it.
func (t *table) write(cells []string) {
	_, _ = t.w.WriteString(t.indent)
	for i, cell := range cells {
		pad := max(0, t.columns[i].width-utf8.RuneCountInString(cell))
		if t.columns[i].right {
			t.pad(pad)
		}
		_, _ = t.w.WriteString(cell)
		if i == len(cells)-1 {
			break
		}
		if !t.columns[i].right {
			t.pad(pad)
		}
		t.pad(2)
	}
	_ = t.w.WriteByte('\n')
}

func (t *table) pad(n int) { _, _ = t.w.WriteString(strings.Repeat(" ", n)) }
