package format

import (
	"testing"
)

// TestDigestIsTheSameInAllReleases: nodes of different releases compare digests.
func TestDigestIsTheSameInAllReleases(t *testing.T) {
	for _, c := range []struct {
		key       string
		v         Version
		tombstone bool
		hash      uint64
		print     uint64
	}{
		{"", Version{}, false, 0xef46db3751d8e999, 0x26e962cd2255b0b2},
		{"a", Version{Time: 1, Node: 2}, false, 0xd24ec4f1a98c6e5b, 0x32aa1ad4411bbc64},
		{"a", Version{Time: 1, Node: 2}, true, 0xd24ec4f1a98c6e5b, 0x617260e871bd6039},
		{"user:1", Version{Time: 0x0192_3456_789a_bcde, Node: 0xfedcba9876543210}, false, 0xd9c7c4609e6080f3, 0x504298f0ef93b583},
		{"user:1", Version{Time: 0x0192_3456_789a_bcde, Node: 0xfedcba9876543210}, true, 0xd9c7c4609e6080f3, 0x2effad37096e0485},
	} {
		if got := KeyHash([]byte(c.key)); got != c.hash {
			t.Errorf("KeyHash(%q) = %#x, want %#x", c.key, got, c.hash)
		}
		if got := Fingerprint(KeyHash([]byte(c.key)), c.v, c.tombstone); got != c.print {
			t.Errorf("fingerprint of %q, %v, %v = %#x, want %#x", c.key, c.v, c.tombstone, got, c.print)
		}
	}
}
