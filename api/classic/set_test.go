package classic_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/fault"
	"owlcache/engine"
)

func TestSet(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.MaxValueSize = 1000 })
	token := n.Token()
	tests := []struct {
		name   string
		params []string
		reason string // empty: it works
	}{
		{"plain", []string{"key", "a", "valuedata", "v"}, ""},
		{"no valuedata", []string{"key", "a"}, ""},
		{"largest value", []string{"key", "a", "valuedata", strings.Repeat("%", 1000)}, ""},
		{"largest key", []string{"key", strings.Repeat("é", engine.MaxKeySize/2), "valuedata", "v"}, ""},
		{"value too large", []string{"key", "a", "valuedata", strings.Repeat("v", 1001)}, "value is too large"},
		{"key too large", []string{"key", strings.Repeat("k", engine.MaxKeySize+1), "valuedata", "v"}, "key is too large"},
		{"empty key", []string{"key", "", "valuedata", "v"}, "key is empty"},
		{"no key", []string{"valuedata", "v"}, "key is empty"},
		{"exptime negative", []string{"key", "a", "exptime", "-1"}, "exptime is negative"},
		{"exptime word", []string{"key", "a", "exptime", "soon"}, "exptime is not a number of seconds"},
		{"exptime NaN", []string{"key", "a", "exptime", "NaN"}, "exptime is not a number of seconds"},
		{"exptime Inf", []string{"key", "a", "exptime", "Inf"}, "exptime is not a number of seconds"},
		{"exptime too large", []string{"key", "a", "exptime", "9223372037"}, "exptime is too large"},
	}
	for _, tt := range tests {
		before := n.Store.Writes()
		a := n.Post(append(tt.params, "cmd", "set", "token", token)...)
		if a.Reason() != tt.reason {
			t.Errorf("%s: reason %q, want %q", tt.name, a.Reason(), tt.reason)
		}
		e := a.Envelope(t)
		if tt.reason == "" {
			if a.Status != 200 || e.Data == nil || len(e.Data) != 0 || time.Since(e.KeyCreateTime) > time.Hour {
				t.Errorf("%s: status %d, %.300s", tt.name, a.Status, a.Body)
			}
			continue
		}
		if a.Status != 500 || e.Results != "ERROR" || e.Data != nil || n.Store.Writes() != before {
			t.Errorf("%s: status %d, %d writes, %.300s", tt.name, a.Status, n.Store.Writes()-before, a.Body)
		}
	}
}

func TestSetEnvelopeBytes(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.ResponseHost, o.HTTPPort = "10.1.2.3", 7721 })
	a := n.Post("cmd", "set", "key", "hello", "valuedata", "world", "token", n.Token())
	e, _ := n.Store.Entry("hello")
	created := time.Unix(0, e.Meta.Created).UTC()
	want := fmt.Sprintf(`{"Cmd":"set","Status":200,"Results":"SUCCESS","Key":"hello","Data":"","ResponseHost":"10.1.2.3:7721","KeyCreateTime":"%s"}`,
		created.Format(time.RFC3339Nano))
	if a.Body != want {
		t.Errorf("body\n%s\nwant\n%s", a.Body, want)
	}
	if got := a.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := a.Header.Get("Keycreatetime"); got != created.String() {
		t.Errorf("Keycreatetime %q, want %q", got, created)
	}
}

func TestSetExptime(t *testing.T) {
	n := apitest.Start(t, nil)
	now := time.UnixMilli(1_800_000_000_000)
	n.Node.Now = func() time.Time { return now }
	token := n.Token()
	for exptime, want := range map[string]int64{
		"": 0, "0": 0, "0.0": 0,
		"60": now.UnixMilli() + 60_000, "1.5": now.UnixMilli() + 1500, "0.0001": now.UnixMilli() + 1,
		" 7 ": now.UnixMilli() + 7000, "9223372036": now.UnixMilli() + 9223372036_000,
	} {
		if a := n.Post("cmd", "set", "key", "k", "exptime", exptime, "token", token); a.Status != 200 {
			t.Fatalf("exptime %q: status %d %s", exptime, a.Status, a.Reason())
		}
		if e, _ := n.Store.Entry("k"); e.Meta.Expires != want {
			t.Errorf("exptime %q: expires %d, want %d", exptime, e.Meta.Expires, want)
		}
	}
}

func TestSetStoreErrors(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	for _, tt := range []struct {
		err    error
		reason string
	}{
		{engine.ErrNoSpace, engine.ErrNoSpace.Error()},
		{fmt.Errorf("commit: %w", engine.ErrReadOnly), engine.ErrReadOnly.Error()},
		{errors.New("write /secret/path: input/output error"), fault.Internal},
	} {
		n.Store.SetFail(tt.err)
		for _, cmd := range []string{"set", "expire", "delete"} {
			a := n.Post("cmd", cmd, "key", "k", "exptime", "1", "token", token)
			if a.Status != 500 || a.Reason() != tt.reason || a.Envelope(t).Results != "ERROR" {
				t.Errorf("%s with %v: status %d, reason %q", cmd, tt.err, a.Status, a.Reason())
			}
		}
	}
}
