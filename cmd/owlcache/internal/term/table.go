package term

import (
	"bufio"
	"strings"
	"unicode/utf8"
)

// column of a table.
type column struct {
	title string
	right bool // aligned to the right
	width int  // at least, in characters
}

// RowLimit is how many rows are shown, unless a flag says it, where they have to be held in memory.
const RowLimit = 100

// Table writes rows of text in columns as wide as its first rows need. Errors are
// those of w, which keeps them until it is flushed.
type Table struct {
	w       *bufio.Writer
	Indent  string // stands before each row
	columns []column
	hold    int // rows to find the widths
	held    [][]string
	started bool
}

// NewTable returns a table with a column for each title. A > before a title aligns its column to the
// right, for numbers.
func NewTable(w *bufio.Writer, titles ...string) *Table {
	t := &Table{w: w, hold: 500}
	for _, title := range titles {
		title, right := strings.CutPrefix(title, ">")
		t.columns = append(t.columns, column{title, right, len(title)})
	}
	return t
}

// Row adds a row with a cell for each column.
func (t *Table) Row(cells ...string) {
	if t.started {
		t.write(cells)
		return
	}
	t.held = append(t.held, cells)
	if len(t.held) > t.hold {
		t.End()
	}
}

// Fix begins the table with columns that are so wide, for rows that cannot be held back.
func (t *Table) Fix(widths ...int) {
	for i, n := range widths {
		t.columns[i].width = n
	}
	t.End()
}

// End writes what is held back, and the titles if that has not been done. Without a Table it does nothing.
func (t *Table) End() {
	if t == nil || t.started {
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
func (t *Table) write(cells []string) {
	_, _ = t.w.WriteString(t.Indent)
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

func (t *Table) pad(n int) { _, _ = t.w.WriteString(strings.Repeat(" ", n)) }
