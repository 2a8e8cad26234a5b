package wire

import "testing"

func TestRemoveMessage(t *testing.T) {
	m := Remove{Sender: 1, Node: 2, At: 3, Address: "10.0.0.1:7"}
	b := m.Append(nil)
	want := "\x07\x01\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x0a\x0010.0.0.1:7"
	if string(b) != want {
		t.Fatalf("bytes %q", b)
	}
	var got Remove
	if err := got.Parse(b); err != nil || got != m {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range b {
		if err := got.Parse(b[:i]); err == nil {
			t.Errorf("%d bytes were taken", i)
		}
	}
	if got.Parse(append(b, 0)) == nil {
		t.Error("a longer one was taken")
	}
}

func FuzzRemoveMessage(f *testing.F) {
	m := Remove{Sender: 1, Node: 2, At: 3, Address: "10.0.0.1:7"}
	f.Add(m.Append(nil))
	f.Add([]byte{KindRemove, Format})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Remove
		if m.Parse(b) == nil && string(m.Append(nil)) != string(b) {
			t.Fatalf("%q", b)
		}
	})
}
