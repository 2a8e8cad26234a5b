package crash

import (
	"errors"
	"strings"
	"testing"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// An event is one thing that happens to a key, under way between two
// milliseconds.
type event struct {
	from, to int64
	op       *load.Operation
	r        load.Result
	read     string // value that a get finds; "-" = none
	setAt    int64
	seen     uint64 // set that another connection has read
}

func setOp(seq uint64, value string, seconds int64) *load.Operation {
	return &load.Operation{Action: load.ActSet, Seq: seq, Value: []byte(value), Seconds: seconds}
}

var (
	deleteOp = &load.Operation{Action: load.ActDelete}
	expireOp = &load.Operation{Action: load.ActExpire, Seconds: 2}
)

// historyTest is what a key goes through, and what the checker must say to it.
type historyTest struct {
	name   string
	events []event
	want   string // in the violation; empty = none
}

func historyTests() []historyTest {
	return []historyTest{
		{"new key is absent", []event{{read: "-"}}, ""},
		{"value from nowhere", []event{{read: "x"}}, "cannot be there"},
		{"acknowledged set is read", []event{{op: setOp(1, "a", 0)}, {read: "a"}}, ""},
		{"acknowledged set is lost", []event{{op: setOp(1, "a", 0)}, {read: "-"}}, "lost"},
		{"acknowledged set is lost, the one before is back",
			[]event{{op: setOp(1, "a", 0)}, {op: setOp(2, "b", 0)}, {read: "a"}}, "cannot be there"},
		{"empty value is a value", []event{{op: setOp(1, "", 0)}, {read: ""}}, ""},
		{"empty value is lost", []event{{op: setOp(1, "", 0)}, {read: "-"}}, "lost"},
		{"changed byte", []event{{op: setOp(1, "abc", 0)}, {read: "abd"}}, "cannot be there"},
		{"unanswered set is there", []event{{op: setOp(1, "a", 0), r: load.Unknown}, {read: "a"}}, ""},
		{"unanswered set is not there", []event{{op: setOp(1, "a", 0), r: load.Unknown}, {read: "-"}}, ""},
		{"unanswered set stays as it was found",
			[]event{{op: setOp(1, "a", 0), r: load.Unknown}, {read: "a"}, {read: "-"}}, "lost"},
		{"unanswered set does not come late",
			[]event{{op: setOp(1, "a", 0), r: load.Unknown}, {read: "-"}, {read: "a"}}, "cannot be there"},
		{"unanswered set, value before it",
			[]event{{op: setOp(1, "a", 0)}, {op: setOp(2, "b", 0), r: load.Unknown}, {read: "a"}}, ""},
		{"unanswered set was seen and is there",
			[]event{{op: setOp(1, "a", 0)}, {op: setOp(2, "b", 0), r: load.Unknown}, {seen: 2}, {read: "b"}}, ""},
		{"unanswered set was seen and is lost",
			[]event{{op: setOp(1, "a", 0)}, {op: setOp(2, "b", 0), r: load.Unknown}, {seen: 2}, {read: "a"}}, "cannot be there"},
		{"unanswered first set was seen and is lost",
			[]event{{op: setOp(1, "a", 0), r: load.Unknown}, {seen: 1}, {read: "-"}}, "lost"},
		{"unanswered set was seen, has expired, and is reported again",
			[]event{{op: setOp(1, "a", 1), r: load.Unknown}, {seen: 1}, {from: 2000, to: 2000, read: "-"}, {seen: 1}, {from: 2000, to: 2000, read: "-"}}, ""},
		{"unanswered set was found, seen and has expired",
			[]event{{op: setOp(1, "a", 1), r: load.Unknown}, {read: "a"}, {from: 2000, to: 2000, read: "-"}, {seen: 1}, {from: 2000, to: 2000, read: "-"}}, ""},
		{"value before an unanswered set was seen",
			[]event{{op: setOp(1, "a", 0)}, {op: setOp(2, "b", 0), r: load.Unknown}, {seen: 1}, {read: "b"}}, ""},
		{"deleted", []event{{op: setOp(1, "a", 0)}, {op: deleteOp}, {read: "-"}}, ""},
		{"resurrected", []event{{op: setOp(1, "a", 0)}, {op: deleteOp}, {read: "a"}}, "cannot be there"},
		{"delete finds no key", []event{{op: deleteOp, r: load.NotFound}}, ""},
		{"delete does not find a key that is there",
			[]event{{op: setOp(1, "a", 0)}, {op: deleteOp, r: load.NotFound}}, "lost"},
		{"delete finds a key that is not there", []event{{op: deleteOp}}, "delete succeeded"},
		{"unanswered delete was done", []event{{op: setOp(1, "a", 0)}, {op: deleteOp, r: load.Unknown}, {read: "-"}}, ""},
		{"unanswered delete was not done", []event{{op: setOp(1, "a", 0)}, {op: deleteOp, r: load.Unknown}, {read: "a"}}, ""},
		{"seen before an unanswered delete",
			[]event{{op: setOp(1, "a", 0), r: load.Unknown}, {read: "a"}, {op: deleteOp, r: load.Unknown}, {seen: 1}, {read: "-"}}, ""},
		{"not expired yet", []event{{0, 5, setOp(1, "a", 1), load.Done, "", 0, 0}, {from: 900, to: 985, read: "a"}}, ""},
		{"lost before its expiry", []event{{0, 5, setOp(1, "a", 1), load.Done, "", 0, 0}, {from: 900, to: 985, read: "-"}}, "lost"},
		{"expired", []event{{0, 5, setOp(1, "a", 1), load.Done, "", 0, 0}, {from: 1100, to: 1200, read: "-"}}, ""},
		{"expired and still there", []event{{0, 5, setOp(1, "a", 1), load.Done, "", 0, 0}, {from: 1100, to: 1200, read: "a"}}, "cannot be there"},
		{"just expiring, there", []event{{0, 5, setOp(1, "a", 1), load.Done, "", 0, 0}, {from: 1002, to: 1004, read: "a"}}, ""},
		{"just expiring, absent", []event{{0, 5, setOp(1, "a", 1), load.Done, "", 0, 0}, {from: 1002, to: 1004, read: "-"}}, ""},
		{"expired and back", []event{{0, 500, setOp(1, "a", 1), load.Done, "", 0, 0}, {from: 1200, to: 1210, read: "-"}, {from: 1220, to: 1230, read: "a"}}, "cannot be there"},
		{"set takes the expiry away", []event{{op: setOp(1, "a", 1)}, {op: setOp(2, "b", 0)}, {from: 5000, to: 5000, read: "b"}}, ""},
		{"set left the expiry", []event{{op: setOp(1, "a", 1)}, {op: setOp(2, "b", 0)}, {from: 5000, to: 5000, read: "-"}}, "lost"},
		{"expire moves the expiry", []event{{op: setOp(1, "a", 0)}, {op: expireOp}, {from: 2100, to: 2100, read: "-"}}, ""},
		{"expire is lost", []event{{op: setOp(1, "a", 0)}, {op: expireOp}, {from: 2100, to: 2100, read: "a"}}, "cannot be there"},
		{"expire is early", []event{{op: setOp(1, "a", 0)}, {op: expireOp}, {from: 1100, to: 1100, read: "-"}}, "lost"},
		{"expire finds no key", []event{{op: setOp(1, "a", 0)}, {op: expireOp, r: load.NotFound}}, "lost"},
		{"expire finds a key that is not there", []event{{op: expireOp}}, "expire succeeded"},
		{"unanswered expire was done", []event{{op: setOp(1, "a", 0)}, {op: expireOp, r: load.Unknown}, {from: 2100, to: 2100, read: "-"}}, ""},
		{"unanswered expire was not done", []event{{op: setOp(1, "a", 0)}, {op: expireOp, r: load.Unknown}, {from: 2100, to: 2100, read: "a"}}, ""},
		{"time of the set", []event{{100, 105, setOp(1, "a", 0), load.Done, "", 0, 0}, {from: 200, to: 200, read: "a", setAt: 103}}, ""},
		{"time of another set", []event{{100, 105, setOp(1, "a", 0), load.Done, "", 0, 0}, {from: 200, to: 200, read: "a", setAt: 150}}, "cannot be there"},
		{"expire keeps the time of the set",
			[]event{{100, 105, setOp(1, "a", 0), load.Done, "", 0, 0}, {300, 305, expireOp, load.Done, "", 0, 0}, {from: 400, to: 400, read: "a", setAt: 101}}, ""},
	}
}

func TestHistory(t *testing.T) {
	for _, tt := range historyTests() {
		t.Run(tt.name, func(t *testing.T) {
			h := newHistory("k")
			for i, e := range tt.events {
				err := h.take(e)
				last := i == len(tt.events)-1
				if !last && err != nil {
					t.Fatalf("event %d: %v", i, err)
				}
				if last {
					checkViolation(t, err, tt.want)
				}
			}
		})
	}
}

// take gives an event to the method that it is for.
func (h *history) take(e event) error {
	during := load.Interval{From: e.from, To: e.to}
	switch {
	case e.op != nil:
		return h.written(*e.op, e.r, during)
	case e.seen != 0:
		h.seen(e.seen)
		return nil
	case e.read == "-":
		return h.missed(during, "get")
	default:
		return h.found([]byte(e.read), e.setAt, during)
	}
}

func checkViolation(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("violation %v, want none", err)
		}
		return
	}
	var v *report.Violation
	if !errors.As(err, &v) || !strings.Contains(v.What, want) {
		t.Errorf("error %v, want a violation with %q", err, want)
	}
}

func TestHistoryReport(t *testing.T) {
	h := newHistory("k")
	for seq := range uint64(3 * report.MaxLog) {
		if err := h.written(*setOp(seq+1, "a", 0), load.Done, load.Interval{From: int64(seq), To: int64(seq)}); err != nil {
			t.Fatal(err)
		}
	}
	err := h.found([]byte("b"), 0, load.Interval{})
	if err == nil || strings.Count(err.Error(), "\n") != report.MaxLog+1 || !strings.Contains(err.Error(), "seq 120,") {
		t.Errorf("report is not the last %d events: %v", report.MaxLog, err)
	}
}

func TestLastExpiry(t *testing.T) {
	h := newHistory("k")
	if got := h.lastExpiry(0, 1000); got != 0 {
		t.Errorf("a key that is not there expires at %d", got)
	}
	_ = h.written(*setOp(1, "a", 2), load.Done, load.Interval{From: 100, To: 110})
	if got := h.lastExpiry(0, 5000); got != 2110 {
		t.Errorf("expires at %d, want 2110", got)
	}
	if got := h.lastExpiry(0, 1000); got != 0 {
		t.Errorf("expires at %d within a second", got)
	}
}
