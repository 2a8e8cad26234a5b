package term

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

func TestFinish(t *testing.T) {
	for _, tt := range []struct {
		err    error
		code   int
		stderr string
	}{
		{nil, 0, ""},
		{errors.New("x"), 1, "owlcache: x\n"},
		{&datadir.LockedError{Path: "/d", Holder: "process 1"}, 1, "owlcache: data directory /d is in use by process 1"},
		{Usage(errors.Join(errors.New("a"), errors.New("b"))), 2, "owlcache: a\nowlcache: b\n"},
		{fmt.Errorf("open: %w", &engine.CorruptError{Path: "/d/f", Offset: 7, Reason: "r"}), 7, "owlcache: open: /d/f is damaged at offset 7: r"},
		{errors.Join(Exit(CodeNotFound, errors.New("no such key")), nil), 3, "owlcache: no such key\n"},
		{Exit(CodeDenied, nil), 4, ""},
	} {
		var stderr strings.Builder
		if code := Finish(&stderr, tt.err); code != tt.code || !strings.HasPrefix(stderr.String(), tt.stderr) || tt.stderr == "" && stderr.Len() > 0 {
			t.Errorf("Finish(%v) = %d, %q", tt.err, code, stderr.String())
		}
	}
}
