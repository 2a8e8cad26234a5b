package wire

import (
	"testing"
)

func TestStateOfPushPull(t *testing.T) {
	b := AppendState(nil, 1, 2, []byte("digest"))
	if want := "\x01\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00digest"; string(b) != want {
		t.Fatalf("%q", b)
	}
	id, run, message, err := ParseState(b)
	if id != 1 || run != 2 || string(message) != "digest" || err != nil {
		t.Fatal(id, run, message, err)
	}
	for _, bad := range [][]byte{nil, b[:16], append([]byte{2}, b[1:]...)} {
		if _, _, _, err := ParseState(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if RunOf(AppendMeta(nil, 7)) != 7 || RunOf(nil) != 0 || RunOf([]byte{1, 2}) != 0 {
		t.Error("meta data")
	}
}
