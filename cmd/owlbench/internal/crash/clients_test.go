package crash

import (
	"bytes"
	"testing"
)

func TestCrashValue(t *testing.T) {
	var empty, large int
	for seq := uint64(1); seq <= 4000; seq++ {
		v := valueOf(7, "k", seq)
		switch {
		case len(v) == 0:
			empty++
		case valueSeq(v) != seq:
			t.Fatalf("value of set %d says %d", seq, valueSeq(v))
		case len(v) > 4096:
			large++
		}
		if !bytes.Equal(v, valueOf(7, "k", seq)) {
			t.Fatal("the same set has two values")
		}
		if len(v) > 0 && (bytes.Equal(v, valueOf(7, "l", seq)) || bytes.Equal(v, valueOf(8, "k", seq))) {
			t.Fatal("two sets have the same value")
		}
	}
	if empty == 0 || large == 0 {
		t.Errorf("%d empty and %d large values, want some", empty, large)
	}
}
