package backup

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestStoredFrames(t *testing.T) {
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, n := range []int{1, 511, storeBlock - 1, storeBlock, storeBlock + 1, 3 * storeBlock, frameSize} {
		content := bytes.Repeat([]byte("owl"), n/3+1)[:n]
		frame := store([]byte("before"), content)
		if !bytes.HasPrefix(frame, []byte("before")) {
			t.Error("it does not append")
		}
		frame = frame[len("before"):]
		got, err := d.DecodeAll(frame, nil)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
		}
		frame[len(frame)/2] ^= 1
		if _, err := d.DecodeAll(frame, nil); err == nil {
			t.Errorf("%d bytes: a flipped bit is not noticed", n)
		}
	}
}
