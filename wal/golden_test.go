package wal

import (
	"encoding/hex"
	"flag"
	"os"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestGoldenSegment pins the bytes of a segment with two batches.
func TestGoldenSegment(t *testing.T) {
	var first, second Batch
	for b, records := range map[*Batch][]string{&first: {"one", ""}, &second: {"three"}} {
		for _, r := range records {
			if err := b.Add(raw(r)); err != nil {
				t.Fatal(err)
			}
		}
	}
	first.stamp(41, 40)
	second.stamp(43, 42)
	got := make([]byte, HeaderSize)
	segmentHeader{first: 41, created: time.Unix(1_800_000_000, 5)}.put(got)
	got = append(append(got, first.buf...), second.buf...)

	const path = "testdata/segment.hex"
	if *update {
		if err := os.WriteFile(path, []byte(hex.Dump(got)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if hex.Dump(got) != string(want) {
		t.Errorf("segment:\n%swant\n%s", hex.Dump(got), want)
	}
}
