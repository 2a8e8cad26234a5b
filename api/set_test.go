package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

func TestSet(t *testing.T) {
	n := start(t, func(o *Options) { o.MaxValueSize = 1000 })
	token := n.token()
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
		before := n.store.writes()
		a := n.post(append(tt.params, "cmd", "set", "token", token)...)
		if a.reason() != tt.reason {
			t.Errorf("%s: reason %q, want %q", tt.name, a.reason(), tt.reason)
		}
		e := a.envelope(t)
		if tt.reason == "" {
			if a.status != 200 || e.Data == nil || len(e.Data) != 0 || time.Since(e.KeyCreateTime) > time.Hour {
				t.Errorf("%s: status %d, %.300s", tt.name, a.status, a.body)
			}
			continue
		}
		if a.status != 500 || e.Results != "ERROR" || e.Data != nil || n.store.writes() != before {
			t.Errorf("%s: status %d, %d writes, %.300s", tt.name, a.status, n.store.writes()-before, a.body)
		}
	}
}

func TestSetEnvelopeBytes(t *testing.T) {
	n := start(t, func(o *Options) { o.ResponseHost, o.HTTPPort = "10.1.2.3", 7721 })
	a := n.post("cmd", "set", "key", "hello", "valuedata", "world", "token", n.token())
	e, _ := n.store.entry("hello")
	created := time.Unix(0, e.meta.Created).UTC()
	want := fmt.Sprintf(`{"Cmd":"set","Status":200,"Results":"SUCCESS","Key":"hello","Data":"","ResponseHost":"10.1.2.3:7721","KeyCreateTime":"%s"}`,
		created.Format(time.RFC3339Nano))
	if a.body != want {
		t.Errorf("body\n%s\nwant\n%s", a.body, want)
	}
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := a.header.Get("Keycreatetime"); got != created.String() {
		t.Errorf("Keycreatetime %q, want %q", got, created)
	}
}

func TestSetExptime(t *testing.T) {
	n := start(t, nil)
	now := time.UnixMilli(1_800_000_000_000)
	n.now = func() time.Time { return now }
	token := n.token()
	for exptime, want := range map[string]int64{
		"": 0, "0": 0, "0.0": 0,
		"60": now.UnixMilli() + 60_000, "1.5": now.UnixMilli() + 1500, "0.0001": now.UnixMilli() + 1,
		" 7 ": now.UnixMilli() + 7000, "9223372036": now.UnixMilli() + 9223372036_000,
	} {
		if a := n.post("cmd", "set", "key", "k", "exptime", exptime, "token", token); a.status != 200 {
			t.Fatalf("exptime %q: status %d %s", exptime, a.status, a.reason())
		}
		if e, _ := n.store.entry("k"); e.meta.Expires != want {
			t.Errorf("exptime %q: expires %d, want %d", exptime, e.meta.Expires, want)
		}
	}
}

func TestSetStoreErrors(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	for _, tt := range []struct {
		err    error
		reason string
	}{
		{engine.ErrNoSpace, engine.ErrNoSpace.Error()},
		{fmt.Errorf("commit: %w", engine.ErrReadOnly), engine.ErrReadOnly.Error()},
		{errors.New("write /secret/path: input/output error"), reasonInternal},
	} {
		n.store.mu.Lock()
		n.store.fail = tt.err
		n.store.mu.Unlock()
		for _, cmd := range []string{"set", "expire", "delete"} {
			a := n.post("cmd", cmd, "key", "k", "exptime", "1", "token", token)
			if a.status != 500 || a.reason() != tt.reason || a.envelope(t).Results != "ERROR" {
				t.Errorf("%s with %v: status %d, reason %q", cmd, tt.err, a.status, a.reason())
			}
		}
	}
}
