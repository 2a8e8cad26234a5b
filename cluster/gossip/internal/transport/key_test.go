package transport

import (
	"bytes"
	"encoding/hex"
	"testing"
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
