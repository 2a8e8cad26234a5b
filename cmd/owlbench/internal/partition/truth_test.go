package partition

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"owlcache/cmd/owlbench/internal/report"
)

// told is a session in which a client of a node was told these things, in this order: set
// KEY VALUE, delete KEY, read KEY VALUE or read KEY.
func told(node int, events ...string) *session {
	s := &session{node: node}
	for i, text := range events {
		f := append(strings.Fields(text), "")
		s.events = append(s.events, &event{read: f[0] == "read", key: f[1], value: f[2], order: uint64(i)})
	}
	return s
}

// logged is what a node has logged: KEY MILLIS, with a - before the key if it was deleted.
func logged(node int, writes ...string) (list []loggedWrite) {
	for _, text := range writes {
		key, millis, _ := strings.Cut(text, " ")
		op := "set"
		if key, _ = strings.CutPrefix(key, "-"); text[0] == '-' {
			op = "tombstone"
		}
		list = append(list, loggedWrite{Op: op, Key: key, Version: fmt.Sprintf("%s.0@%x", millis, node)})
	}
	return list
}

func TestPartitionTruth(t *testing.T) {
	none := map[int][]loggedWrite{}
	tests := []struct {
		name     string
		sessions []*session
		logs     map[int][]loggedWrite
		want     string // in the violation; "" = none
	}{
		{"nothing", nil, none, ""},
		{"own writes are read", []*session{told(1, "read k", "set k a", "read k a", "delete k", "read k", "set k b", "read k b")},
			map[int][]loggedWrite{1: logged(1, "k 1", "-k 2", "k 3")}, ""},
		{"writes of others are read", []*session{told(1, "set k a", "delete k"), told(2, "read k", "read k a", "read k")},
			map[int][]loggedWrite{1: logged(1, "k 1", "-k 2")}, ""},
		{"two nodes at once", []*session{told(1, "set k a", "read k b"), told(2, "set k b", "read k b")},
			map[int][]loggedWrite{1: logged(1, "k 5"), 2: logged(2, "k 6")}, ""},
		{"the state of before", []*session{told(1, "read old x"), told(2, "read old x", "delete old", "read old")},
			map[int][]loggedWrite{2: logged(2, "-old 20")}, ""},

		{"a write is not logged", []*session{told(1, "set k a", "set k b")}, map[int][]loggedWrite{1: logged(1, "k 1")}, "acknowledged 2 writes and logged 1"},
		{"no write is logged", []*session{told(1, "set k a")}, none, "acknowledged 1 writes and logged 0"},
		{"a write out of nowhere", nil, map[int][]loggedWrite{1: logged(1, "k 1")}, "nobody has sent"},
		{"another kind is logged", []*session{told(1, "set k a")}, map[int][]loggedWrite{1: logged(1, "-k 1")}, "logged"},
		{"a value out of nowhere", []*session{told(1, "set k a", "read k x")}, map[int][]loggedWrite{1: logged(1, "k 1")}, "never sent"},
		{"own write is older", []*session{told(1, "set k a"), told(2, "read k a", "set k b")},
			map[int][]loggedWrite{1: logged(1, "k 5"), 2: logged(2, "k 4")}, "after version 5"},
		{"a read goes back", []*session{told(1, "set k a", "set k b"), told(2, "read k b", "read k a")},
			map[int][]loggedWrite{1: logged(1, "k 1", "k 2")}, "version 1.0@1, after version 2.0@1"},
		{"a read goes back behind a deletion", []*session{told(1, "set k a", "delete k"), told(2, "read k a", "read k", "read k a")},
			map[int][]loggedWrite{1: logged(1, "k 1", "-k 2")}, "version 1.0@1, after version 2.0@1"},
		{"nothing without a deletion", []*session{told(1, "set k a", "read k")}, map[int][]loggedWrite{1: logged(1, "k 1")}, "no deletion is later"},
		{"nothing after an older deletion", []*session{told(1, "set k a", "delete k", "set k b", "read k")},
			map[int][]loggedWrite{1: logged(1, "k 1", "-k 2", "k 3")}, "no deletion is later"},
		{"what was there before is gone", []*session{told(1, "read old")}, none, "no deletion is later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			truth := &truth{}
			if err := truth.take([]*session{told(3, "set old x")}, map[int][]loggedWrite{3: logged(3, "old 0")}); err != nil {
				t.Fatal(err)
			}
			checkPartition(t, truth.take(tt.sessions, tt.logs), tt.want)
		})
	}
}

func TestPartitionCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(h *holding)
		want   string
	}{
		{"right", func(*holding) {}, ""},
		{"a write is lost", func(h *holding) { delete(h.entries, "k") }, "holds nothing"},
		{"an older write has won", func(h *holding) { h.set("k", "4.0@1", false, "a") }, "holds version 4.0@1"},
		{"another value", func(h *holding) { h.values["k"] = "a" }, `answers "a"`},
		{"no value", func(h *holding) { h.values["k"] = "" }, `answers ""`},
		{"a deletion has won", func(h *holding) { h.set("k", "5.0@2", true, "") }, "deleted: true"},
		{"what was deleted is back", func(h *holding) { h.set("gone", "1.0@1", false, "a") }, "is back"},
		{"a deletion is forgotten", func(h *holding) { delete(h.entries, "gone") }, "not even that it was deleted"},
		{"what was deleted is read", func(h *holding) { h.values["gone"] = "a" }, `answers "a"`},
		{"a key out of nowhere", func(h *holding) { h.set("new", "1.0@1", false, "a") }, "nobody has written"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			truth := &truth{}
			err := truth.take([]*session{told(1, "set k a", "set gone a"), told(2, "set k b", "delete gone")},
				map[int][]loggedWrite{1: logged(1, "k 4", "gone 1"), 2: logged(2, "k 5", "-gone 2")})
			if err != nil {
				t.Fatal(err)
			}
			h := holding{node: 1, entries: map[string]entry{}, values: map[string]string{}}
			h.set("k", "5.0@2", false, "b")
			h.set("gone", "2.0@2", true, "")
			tt.change(&h)
			checkPartition(t, truth.check(h), tt.want)
		})
	}
}

func (h *holding) set(key, version string, tombstone bool, value string) {
	h.entries[key] = entry{Key: []byte(key), Version: version, Tombstone: tombstone}
	h.values[key] = value
}

func checkPartition(t *testing.T, err error, want string) {
	t.Helper()
	var v *report.Violation
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want != "" && (!errors.As(err, &v) || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want a violation with %q", err, want)
	}
}

func TestWriteVersions(t *testing.T) {
	ordered := []string{"9.0@ff", "10.0@1", "10.2@1", "10.2@a", "10.10@1"}
	for i, a := range ordered {
		for j, b := range ordered {
			v, err := parseWriteVersion(a)
			w, err2 := parseWriteVersion(b)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if have := v.compare(w); have != (map[bool]int{true: 1}[i > j])-(map[bool]int{true: 1}[i < j]) {
				t.Errorf("%s against %s: %d", a, b, have)
			}
			if v.String() != a {
				t.Errorf("%s is shown as %s", a, v)
			}
		}
	}
	for _, bad := range []string{"", "1", "1.2", "1.2@", "x.0@1"} {
		if v, err := parseWriteVersion(bad); err == nil {
			t.Errorf("%q is taken as %s", bad, v)
		}
	}
}
