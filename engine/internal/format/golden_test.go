package format

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldenFormats pins the bytes of what is stored.
func TestGoldenFormats(t *testing.T) {
	e := Entry{Key: []byte("key"), Value: []byte("value"), Version: Version{0x0102030405060708, 0x1112131415161718},
		Created: 0x2122232425262728, Expires: 0x3132333435363738}
	dead := e
	dead.Value, dead.Expires, dead.Tombstone = nil, 0, true
	for name, got := range map[string][]byte{
		"record-set":       (&Record{Kind: RecordSet, Entry: e}).AppendTo(nil),
		"record-delete":    (&Record{Kind: RecordDelete, Entry: Entry{Key: e.Key, Version: e.Version}}).AppendTo(nil),
		"record-expire":    (&Record{Kind: RecordExpire, Entry: Entry{Key: e.Key, Version: e.Version, Created: e.Created, Expires: e.Expires}}).AppendTo(nil),
		"record-tombstone": (&Record{Kind: RecordTombstone, Entry: dead}).AppendTo(nil),
		"value":            EncodeValue(&e),
		"value-tombstone":  EncodeValue(&dead),
	} {
		path := filepath.Join("testdata", name+".hex")
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
			t.Errorf("%s:\n%swant\n%s", name, hex.Dump(got), want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add((&Record{Kind: RecordSet, Entry: Entry{Key: []byte("k"), Value: []byte("v")}}).AppendTo(nil))
	f.Add(bytes.Repeat([]byte{1}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		err := EachRecord(b, func(r *Record) error { again = r.AppendTo(again); return nil })
		if err == nil && !bytes.Equal(again, b) {
			t.Fatalf("%x was read, and would be written as %x", b, again)
		}
	})
}

func FuzzValue(f *testing.F) {
	f.Add([]byte("k"), EncodeValue(&Entry{Key: []byte("k"), Value: []byte("v")}))
	f.Add([]byte(""), []byte("short"))
	f.Fuzz(func(t *testing.T, key, v []byte) {
		e, err := DecodeValue(key, v)
		if err == nil && len(e.Value)+ValueHeader != len(v) {
			t.Fatalf("%x: %+v", v, e)
		}
	})
}
