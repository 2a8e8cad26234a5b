package gossip

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"
)

// TestFrameKey holds the key, so that nodes of two releases understand each other.
func TestFrameKey(t *testing.T) {
	key, err := frameKey("0123456789abcdef")
	if got := hex.EncodeToString(key); err != nil || got != "9e7ca454fa70d979bd2801690dedd9d3b0fd3e95732b1f701393115400099b2a" {
		t.Fatalf("key %s, %v", got, err)
	}
	other, _ := frameKey("0123456789abcdeg")
	if bytes.Equal(key, other) {
		t.Fatal("two secrets have one key")
	}
}

func TestStateOfPushPull(t *testing.T) {
	b := appendState(nil, 1, 2, []byte("digest"))
	if want := "\x01\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00digest"; string(b) != want {
		t.Fatalf("%q", b)
	}
	id, run, message, err := parseState(b)
	if id != 1 || run != 2 || string(message) != "digest" || err != nil {
		t.Fatal(id, run, message, err)
	}
	for _, bad := range [][]byte{nil, b[:16], append([]byte{2}, b[1:]...)} {
		if _, _, _, err := parseState(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if runOf(appendMeta(nil, 7)) != 7 || runOf(nil) != 0 || runOf([]byte{1, 2}) != 0 {
		t.Error("meta data")
	}
}

func TestPausesBetweenTries(t *testing.T) {
	for _, limit := range []time.Duration{pauseMost, pauseRare} {
		last := time.Duration(0)
		for fails := range 40 {
			least, most := pauseAfter(fails, limit, 0), pauseAfter(fails, limit, 1)
			if least < pauseLeast*3/4 || most > limit || least > most || most < last {
				t.Fatalf("after %d failures %v to %v", fails, least, most)
			}
			last = most
		}
		if pauseAfter(0, limit, 1) != pauseLeast || last != limit {
			t.Fatal(pauseAfter(0, limit, 1), last)
		}
	}
}
