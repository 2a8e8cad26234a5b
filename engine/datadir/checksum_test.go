package datadir

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestFlippedIdentity changes each byte of node.json: the node does not start, or has
// the identity that it had.
func TestFlippedIdentity(t *testing.T) {
	d := open(t, t.TempDir())
	id, created := d.NodeID(), d.Created()
	good, err := os.ReadFile(d.File(NodeFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(good), `"crc": "`) {
		t.Fatalf("no checksum in %s", good)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for at := range good {
		for _, mask := range []byte{0x01, 0x02, 0x20, 0x80} {
			b := bytes.Clone(good)
			b[at] ^= mask
			put(t, d.File(NodeFile), string(b))
			n, err := readNode(d.File(NodeFile))
			switch {
			case err != nil:
				refused++
			case n.id != id || !n.created.Equal(created):
				t.Errorf("%s: node %x of %v", b, n.id, n.created)
			}
		}
	}
	if refused < len(good) {
		t.Errorf("only %d were refused", refused)
	}
}

func TestIdentityOfAnOlderProgram(t *testing.T) {
	path := t.TempDir()
	content := `{"format":1,"node_id":"00000000000000aa","created":"2026-11-22T10:50:17Z"}`
	put(t, path+"/"+NodeFile, content)
	if d := open(t, path); d.NodeID() != 0xaa {
		t.Fatalf("node %x", d.NodeID())
	}
	if b, _ := os.ReadFile(path + "/" + NodeFile); string(b) != content {
		t.Fatalf("the file was changed: %s", b)
	}
}

func TestVerifyChecksum(t *testing.T) {
	for content, want := range map[string]ChecksumState{
		`{}`:                        ChecksumMissing,
		`{"a":"b"}`:                 ChecksumMissing,
		`{"a":"b","crc":""}`:        ChecksumWrong,
		`{"a":"b","crc":7}`:         ChecksumWrong,
		`{"crc":"00000000"}`:        ChecksumRight,
		`{"crc":"438786e0","a":1}`:  ChecksumRight,
		`{"a":01,"crc":"438786e0"}`: ChecksumMissing, // no JSON
		`{"a":10,"crc":"438786e0"}`: ChecksumWrong,
		`{"A":1,"crc":"438786e0"}`:  ChecksumWrong,
		`null`:                      ChecksumMissing,
		`[]`:                        ChecksumMissing,
		`{} {}`:                     ChecksumMissing,
	} {
		got, err := VerifyChecksum([]byte(content))
		bad := content == `null` || content == `[]` || content == `{} {}` || strings.Contains(content, "01")
		if got != want || (err != nil) != bad {
			t.Errorf("%s: %d, %v; want %d", content, got, err, want)
		}
	}
}

// TestEditedSecrets: what people write is accepted, told, and gets a checksum.
func TestEditedSecrets(t *testing.T) {
	d := open(t, t.TempDir())
	made, _, err := d.Secrets(true, true)
	if err != nil || made.Edited {
		t.Fatalf("%+v, %v", made, err)
	}
	file := d.File(SecretFile)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{
		strings.Replace(string(good), made.Password, "a password of mine", 1),
		`{"password":"a password of mine","token_secret":"` + made.TokenSecret + `"}`,
	} {
		put(t, file, content)
		s, fresh, err := d.Secrets(true, true)
		if err != nil || fresh || !s.Edited || s.Password != "a password of mine" || s.TokenSecret != made.TokenSecret {
			t.Fatalf("%+v, %v, %v", s, fresh, err)
		}
		if s, _, err = d.Secrets(true, true); err != nil || s.Edited || s.Password != "a password of mine" {
			t.Fatalf("%+v, %v", s, err)
		}
	}
}

func FuzzVerifyChecksum(f *testing.F) {
	f.Add([]byte(`{"a":"b","crc":"00000000"}`))
	f.Add([]byte(`{"a":[1,{"b":null}],"crc":7}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		state, err := VerifyChecksum(b)
		if err != nil && state != ChecksumMissing {
			t.Fatalf("%q: %d, %v", b, state, err)
		}
	})
}
