package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

// TestBoltChild runs programs that behave as the check of a damaged snapshot may.
func TestBoltChild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "owlcache.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		script string
		want   []string // what the problems begin with
	}{
		"good":     {"cat; echo done", nil},
		"bad":      {"echo 'page 7: already freed'; echo done", []string{"page 7: already freed"}},
		"panic":    {"echo one; echo 'panic: oh' >&2; echo stack >&2; exit 2", []string{"one", "it ended with exit status 2: panic: oh"}},
		"killed":   {"kill -KILL $$", []string{"it ended with signal: killed"}},
		"no end":   {"exec sleep 60", []string{"it was stopped after 1s without an end"}},
		"silent":   {"exit 0", []string{"it ended early"}},
		"talkable": {"while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa || exit; done", []string{"aaaa"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			self := filepath.Join(t.TempDir(), "program")
			if err := os.WriteFile(self, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			ready := make(chan struct{})
			close(ready)
			limit := time.Second
			if c.want == nil || !strings.Contains(c.want[0], "stopped") && name != "talkable" {
				limit = time.Minute
			}
			problems, err := boltChild{self: self, time: limit}.run(context.Background(), file, ready)
			if err != nil || len(problems) < len(c.want) || name != "talkable" && len(problems) != len(c.want) {
				t.Fatalf("%q, %v", problems, err)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(problems[i], want) {
					t.Errorf("%q: want %q", problems[i], want)
				}
			}
			if n := len(strings.Join(problems, "\n")); n > boltOutput+1000 {
				t.Errorf("%d bytes of output were kept", n)
			}
		})
	}
}

func TestBoltChildThatCannotRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "owlcache.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (boltChild{self: filepath.Join(t.TempDir(), "nowhere")}).run(context.Background(), file, nil); err == nil {
		t.Error("no program, and no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (boltChild{self: "/bin/cat"}).run(ctx, file, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestPrintCheck: nothing of the directory reaches the terminal as it is.
func TestPrintCheck(t *testing.T) {
	var b bytes.Buffer
	err := printCheck(&b, &engine.CheckReport{Status: engine.CheckWarn, Keys: 1234567, Records: 1, Bytes: 3 << 20, Warnings: 1, Findings: []engine.Finding{
		{Level: engine.CheckOK, File: "LOCK", Offset: -1, Text: "in use by \x1b[31mme\u202e\xff"},
		{Level: engine.CheckWarn, File: "a\nb", Offset: 0, Text: "why", Lost: "this", Mend: "do that"},
	}})
	want := "ok    LOCK: in use by \\u001b[31mme\\u202e\ufffd\nwarn  a\\u000ab, offset 0: why; lost: this; to mend it: do that\n" +
		"warn: 1,234,567 keys and 1 record verified, 3.0 MiB; 0 failures, 1 warning\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s%s", err, b.String(), want)
	}
}
