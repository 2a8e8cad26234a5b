package ask

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzSocketAnswer(f *testing.F) {
	for _, s := range []string{
		`{"Cmd":"get","Status":200,"Results":"SUCCESS","Key":"hello@1z","Data":"d29ybGQ=","ResponseHost":"127.0.0.1:7720","KeyCreateTime":"2025-02-21T13:02:35.5876031+08:00"}`,
		`{"Cmd":"get","Status":404,"Results":"NOT_FOUND","Key":"a@b@2","Data":null,"ResponseHost":"h:1","KeyCreateTime":"0001-01-01T00:00:00Z"}`,
		`{"Status":200,"Key":"k@1","Data":"","KeyCreateTime":"2025-01-01 08:00:00 +0800 CST m=+2.27"}`,
		`{"Key":{"Key":"x@y"},"key":"b@c"}`, `null`, `[]`, `{"Data":"$"}`, `{"Key":"`, ``, "\xff",
	} {
		f.Add([]byte(s))
	}
	const limit = 1000
	f.Fuzz(func(t *testing.T, message []byte) {
		if tag := tagOfStart(message); strings.Contains(tag, "@") {
			t.Fatalf("tag %q of %q", tag, message)
		}
		a, err := parseSocketAnswer(message)
		if err != nil {
			return
		}
		if strings.Contains(tagOf(a.Key), "@") {
			t.Fatalf("tag %q", tagOf(a.Key))
		}
		r, err := a.reply(limit)
		if err != nil && (r.Found || r.Value != nil) || len(r.Value) > limit || r.Found && a.Status != 200 {
			t.Fatalf("%+v, %v", r, err)
		}
		if r.Found {
			if _, err := r.Created.MarshalJSON(); err != nil {
				t.Fatalf("%q: %v", a.KeyCreateTime, err)
			}
		}
	})
}

func FuzzSocketQuestion(f *testing.F) {
	for _, s := range []string{"k", "a@b", "a b", " k", "k\n", "", "\xff", "info", "get"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, key []byte) {
		if !canCarry(key) {
			return
		}
		// As a node of 0.5.1 takes it apart.
		words := strings.Split(string(appendSocketQuestion(nil, key, "1z")), " ")
		if len(words) != 4 || words[0] != "get" || !bytes.Equal([]byte(strings.TrimSpace(words[1])), key) || words[2] != "info" || words[3] != "1z" {
			t.Fatalf("%q becomes %q", key, words)
		}
	})
}
