package inspect

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/goldendir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/cmd/owlcache/internal/term/termtest"
)

var updateInspect = flag.Bool("update-inspect", false, "write the golden outputs of inspect anew")

// inspectClock is what the tests take for now: later than anything in the golden directory.
func inspectClock() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }

// runInspect runs inspect with args and returns its exit code and output. The directory
// is called DIR in the output.
func runInspect(t *testing.T, ctx context.Context, dir string, args ...string) (code int, stdout, stderr string) { //nolint:revive // t first, as in all helpers
	t.Helper()
	var out, errs bytes.Buffer
	p := &term.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	code = executeInspect(ctx, p, append(args, "--dir", dir))
	shown := strings.NewReplacer(dir, "DIR")
	for _, s := range []string{out.String(), errs.String()} {
		termtest.Harmless(t, s)
	}
	return code, shown.Replace(out.String()), shown.Replace(errs.String())
}

func executeInspect(ctx context.Context, p *term.Process, args []string) int {
	cmd := Command(p, inspectClock)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	term.MarkUsageErrors(cmd, nil)
	cmd.SetArgs(args)
	return term.Finish(p.Stderr, cmd.ExecuteContext(ctx))
}

// TestInspectGolden pins what inspect says of the golden directory.
func TestInspectGolden(t *testing.T) {
	for _, test := range []struct {
		name string
		args string
		code int
	}{
		{"overview", "", term.CodeOK},
		{"overview_json", "-o json", term.CodeOK},
		{"keys", "keys", term.CodeOK},
		{"keys_all", "keys --expired --tombstones", term.CodeOK},
		{"keys_json", "keys --expired --tombstones -o json", term.CodeOK},
		{"keys_prefix", "keys --prefix user:", term.CodeOK},
		{"keys_limit", "keys --limit 2", term.CodeOK},
		{"keys_size", "keys --sort size --limit 3", term.CodeOK},
		{"keys_expiry", "keys --sort expiry --expired --limit 4", term.CodeOK},
		{"keys_created", "keys --sort created --expired", term.CodeOK},
		{"get_text", "get text:1", term.CodeOK},
		{"get_short", "get user:1", term.CodeOK},
		{"get_binary", "get image:7", term.CodeOK},
		{"get_escapes", "get --base64 ZXNjG1szMW1yZWQNCg==", term.CodeOK},
		{"get_escapes_json", "get --base64 ZXNjG1szMW1yZWQNCg== -o json", term.CodeOK},
		{"get_binary_key_json", "get --base64 //4= -o json", term.CodeOK},
		{"get_expiring", "get session:9", term.CodeOK},
		{"get_expired", "get user:2", term.CodeNotFound},
		{"get_tombstone", "get user:4", term.CodeNotFound},
		{"get_deleted", "get user:5", term.CodeNotFound},
		{"get_unknown", "get nothing", term.CodeNotFound},
		{"get_unknown_json", "get nothing -o json", term.CodeNotFound},
		{"get_raw", "get user:1 --raw", term.CodeOK},
		{"get_raw_expired", "get user:2 --raw", term.CodeNotFound},
		{"history", "get user:1 --history", term.CodeOK},
		{"history_json", "get user:1 --history -o json", term.CodeOK},
		{"history_expire", "get user:3 --history", term.CodeOK},
		{"history_deleted", "get user:5 --history", term.CodeNotFound},
		{"history_tombstone", "get user:6 --history", term.CodeNotFound},
		{"log", "log", term.CodeOK},
		{"log_json", "log -o json", term.CodeOK},
		{"log_key", "log --key user:5 --limit 1", term.CodeOK},
		{"log_from", "log --from 6", term.CodeOK},
		{"log_segment", "log --segment 3", term.CodeOK},
		{"members", "members", term.CodeOK},
		{"members_json", "members -o json", term.CodeOK},
		{"prefixes", "prefixes", term.CodeOK},
		{"prefixes_json", "prefixes --sort prefix --limit 2 -o json", term.CodeOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := runInspect(t, t.Context(), goldendir.Temp(t), strings.Fields(test.args)...)
			got := fmt.Sprintf("$ owlcache inspect %s\n%s", test.args, stdout)
			if stderr != "" {
				got += "--- stderr\n" + stderr
			}
			got += fmt.Sprintf("--- exit code %d\n", code)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			compareGolden(t, filepath.Join("testdata", "golden", test.name+".golden"), got)
		})
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *updateInspect {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestInspectUsage(t *testing.T) {
	dir := goldendir.Temp(t)
	for args, want := range map[string]string{
		"keys --sort name":                      "want size, expiry or created",
		"keys --limit 0":                        "want 1 or more",
		"keys --prefix !! --base64":             "is not base64",
		"get":                                   "accepts 1 arg",
		"get k --raw --history":                 "choose one",
		"get k --raw -o json":                   "choose one",
		"log --segment 1 --follow":              "choose one",
		"log --segment 0":                       "the first segment is 1",
		"log --base64":                          "goes with --key",
		"prefixes --depth 0":                    "want 1 or more",
		"prefixes --delimiter=":                 "empty",
		"prefixes --sort size":                  "want bytes, keys or prefix",
		"keys " + filepath.Join(dir, "..", "x"): "two data directories",
	} {
		code, stdout, stderr := runInspect(t, t.Context(), dir, strings.Fields(args)...)
		if code != term.CodeUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want %d and %q", args, code, stdout, stderr, term.CodeUsage, want)
		}
	}
	if code, _, stderr := runInspect(t, t.Context(), dir, "get", ""); code != term.CodeUsage || !strings.Contains(stderr, "the key is empty") {
		t.Errorf("empty key: exit code %d, %s", code, stderr)
	}
}

// TestInspectRawRefusesATerminal uses the controlling side of a terminal, which is one.
func TestInspectRawRefusesATerminal(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	var errs bytes.Buffer
	p := &term.Process{Stdin: strings.NewReader(""), Stdout: f, Stderr: &errs}
	if code := executeInspect(t.Context(), p, []string{"get", "user:1", "--raw", "--dir", goldendir.Temp(t)}); code != term.CodeUsage || !strings.Contains(errs.String(), "terminal") {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}

func TestInspectIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := goldendir.Temp(t)
	if err := goldendir.WithStore(t.Context(), dir, 0, manyKeys(20_000)); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"", "keys", "keys --sort size", "prefixes", "log"} {
		if code, _, stderr := runInspect(t, ctx, dir, strings.Fields(args)...); code != term.CodeInterrupted {
			t.Errorf("inspect %s: exit code %d, %s", args, code, stderr)
		}
	}
}

// failingWriter takes nothing.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestInspectTellsOfOutputThatFails(t *testing.T) {
	dir := goldendir.Temp(t)
	for _, args := range []string{"", "keys", "log -o json", "get user:1 --raw", "members"} {
		var errs bytes.Buffer
		p := &term.Process{Stdin: strings.NewReader(""), Stdout: failingWriter{}, Stderr: &errs}
		if code := executeInspect(t.Context(), p, append(strings.Fields(args), "--dir", dir)); code != term.CodeFailed {
			t.Errorf("inspect %s: exit code %d, %s", args, code, errs.String())
		}
	}
}
