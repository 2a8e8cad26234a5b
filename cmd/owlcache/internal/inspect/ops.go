package inspect

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/view"
)

// opValueShown is how many bytes of a value a row shows.
const opValueShown = 40

// jsonOp is an operation for programs. In a history, an entry of the snapshot is one
// too, with op "snapshot" and the LSN up to which the snapshot covers the log.
type jsonOp struct {
	LSN     uint64 `json:"lsn"`
	Segment uint64 `json:"segment,omitempty"`
	File    string `json:"file"`
	Offset  int64  `json:"offset,omitempty"`
	Op      string `json:"op"`
	term.KeyJSON
	Time    time.Time `json:"time"`
	Node    string    `json:"node"`
	Version string    `json:"version"`
	Size    *int      `json:"size,omitempty"`
	Created time.Time `json:"created,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	jsonValue
}

// opPrinter lists operations of the log, with the key or, in a history, with the value.
type opPrinter struct {
	in      *inspector
	node    uint64
	history bool
	table   *term.Table // nil for programs
}

func (in *inspector) opPrinter(node uint64, history bool) *opPrinter {
	o := &opPrinter{in: in, node: node, history: history}
	if in.json {
		return o
	}
	last := "KEY"
	if history {
		last = "VALUE"
	}
	o.table = term.NewTable(in.out, ">LSN", ">SEG:OFFSET", "TIME", "NODE", "OP", ">SIZE", "EXPIRES", last)
	return o
}

// widths makes the columns fit what is usual, for rows that cannot be held back.
func (o *opPrinter) widths() {
	if o.table != nil {
		o.table.Fix(8, 11, len(milliLayout), 4, 9, 8, 8)
	}
}

func (o *opPrinter) op(op *view.Op) error {
	seq := segmentNumber(op.Segment)
	if o.table == nil {
		j := o.json(&op.Entry, op.Kind, op.LSN)
		j.Segment, j.File, j.Offset = seq, datadir.LogDir+"/"+filepath.Base(op.Segment), op.Offset
		return o.in.printJSON(j)
	}
	o.row(&op.Entry, op.Kind, strconv.FormatUint(op.LSN, 10), fmt.Sprintf("%d:%d", seq, op.Offset))
	return nil
}

// snapshot shows the entry that the snapshot holds, which covers the log up to lsn.
func (o *opPrinter) snapshot(e *engine.Entry, lsn uint64) error {
	if o.table == nil {
		j := o.json(e, "snapshot", lsn)
		j.File = datadir.SnapshotFile
		return o.in.printJSON(j)
	}
	kind := "set"
	if e.Tombstone {
		kind = "tombstone"
	}
	o.row(e, kind, "≤"+strconv.FormatUint(lsn, 10), "snapshot")
	return nil
}

func (o *opPrinter) json(e *engine.Entry, kind string, lsn uint64) jsonOp {
	j := jsonOp{
		LSN: lsn, Op: kind, Time: versionTime(e.Version), Node: fmt.Sprintf("%016x", e.Version.Node), Version: e.Version.String(),
		Created: createdTime(e.Created), Expires: expiryTime(e.Expires),
	}
	if hasValue(e, kind) {
		j.Size = new(len(e.Value))
	}
	if !o.history {
		j.KeyJSON = term.AsJSON(e.Key)
	} else if hasValue(e, kind) {
		j.jsonValue = asJSONValue(e.Value)
	}
	return j
}

func hasValue(e *engine.Entry, kind string) bool {
	return kind == "set" || kind == "snapshot" && !e.Tombstone
}

// row shows an operation to a person. The expiry is told from the time of the operation on.
func (o *opPrinter) row(e *engine.Entry, kind, lsn, place string) {
	size, expires, last := "-", "-", "-"
	if kind == "set" || kind == "expire" {
		expires = shownExpiry(e)
	}
	if kind == "set" {
		size = term.Bytes(int64(len(e.Value)))
		last = shownValue(e.Value, opValueShown)
	}
	if !o.history {
		last = term.Key(e.Key)
	}
	o.table.Row(lsn, place, shownVersionTime(e.Version), shownNode(e.Version.Node, o.node), kind, size, expires, last)
}

func shownExpiry(e *engine.Entry) string {
	if e.Expires == 0 {
		return "never"
	}
	d := until(int64(e.Version.Time>>16), e.Expires)
	if d <= 0 {
		return "at once"
	}
	return "+" + term.Span(d)
}

// damaged shows a place that could not be read among the operations.
func (o *opPrinter) damaged(d *localdir.Place) error {
	if o.table == nil {
		return o.in.printJSON(struct {
			Op string `json:"op"`
			localdir.Place
		}{"damaged", *d})
	}
	o.table.End()
	o.in.line("--- damaged: %s", d)
	return nil
}

// segmentNumber returns the number in the name of a segment, 0 if there is none.
func segmentNumber(path string) uint64 {
	digits, _, _ := strings.Cut(filepath.Base(path), ".")
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}
