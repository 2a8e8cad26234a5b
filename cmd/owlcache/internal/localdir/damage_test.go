package localdir

import (
	"strings"
	"testing"
)

func TestDamageIsBounded(t *testing.T) {
	l := Damage{Dir: "/data x"}
	for range 2 {
		for i := range kept + 5 {
			l.Put(Place{File: "owlcache.db", Offset: int64(i), Problem: "a\x1b[31mb"})
		}
	}
	err := l.Result(nil)
	if lines := strings.Split(err.Error(), "\n"); len(lines) != Shown+3 || len(l.Places) != kept ||
		lines[0] != `damaged: owlcache.db, offset 0: a\x1b[31mb` || lines[len(lines)-1] != "to save the rest: owlcache repair --to NEWDIR '/data x'" {
		t.Errorf("%d places, %s", len(l.Places), err)
	}
}
