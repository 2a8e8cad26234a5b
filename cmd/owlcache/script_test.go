package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/goldendir"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// The scripts start this test binary under the name of the program.
func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"owlcache": main, sweepingProgram: sweeping})
}

// leakChecked fails a run of tests that leaves goroutines behind.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	if code == 0 {
		// The HTTP library keeps the date of its answers in a goroutine without an end.
		if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Deadline:            time.Now().Add(4 * time.Minute), // a program that hangs shall not outlive the test
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// The race detector lets every process sleep for a second before it ends.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return nil
		},
		RequireUniqueNames: true,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"binary":      scriptBinary,
			"certificate": scriptCertificate,
			"exits":       scriptExits,
			"flip":        scriptFlip,
			"legacy":      scriptLegacy,
			"goldendir":   scriptGoldenDir,
			"freeport":    scriptFreePort,
			"http":        scriptHTTP,
			"json":        scriptJSON,
			"ready":       scriptReady,
			"retry":       scriptRetry,
			"signal":      scriptSignal,
			"until":       scriptUntil,
		},
	})
}

// poll tries a condition until it holds.
func poll(ts *testscript.TestScript, what string, condition func() error) {
	deadline := time.Now().Add(e2e.Patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: %v after %v", what, err, e2e.Patience)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// scriptFreePort sets variables to ports that are free: freeport NAME...
func scriptFreePort(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		addr, err := e2e.FreeAddress()
		ts.Check(err)
		_, port, err := net.SplitHostPort(addr)
		ts.Check(err)
		ts.Setenv(name, port)
	}
}

// scriptReady waits until a node serves data, with sync=1 until it also is in sync:
// ready HOST:PORT [sync=1]
func scriptReady(ts *testscript.TestScript, _ bool, args []string) {
	query := strings.Join(args[1:], "&")
	poll(ts, "ready "+args[0], func() error {
		status, body, err := e2e.Request(http.MethodGet, "http://"+args[0]+"/readyz?"+query, nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d %s", status, body)
		}
		return err
	})
}

// scriptRetry runs a program until it succeeds: retry PROGRAM [ARG...]
func scriptRetry(ts *testscript.TestScript, _ bool, args []string) {
	poll(ts, "retry "+strings.Join(args, " "), func() error { return ts.Exec(args[0], args[1:]...) })
}

// scriptHTTP does a request and checks the status; the body goes to stdout:
// http STATUS METHOD URL [NAME=VALUE...]
func scriptHTTP(ts *testscript.TestScript, _ bool, args []string) {
	form := url.Values{}
	for _, kv := range args[3:] {
		name, value, _ := strings.Cut(kv, "=")
		form.Add(name, value)
	}
	status, body, err := e2e.Request(args[1], args[2], form)
	ts.Check(err)
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("status %d, want %s: %s", status, args[0], body)
	}
}

// scriptJSON sets a variable to a field of a JSON object: json NAME FILE FIELD
func scriptJSON(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &object))
	ts.Setenv(args[0], fmt.Sprint(object[args[2]]))
}

// scriptExits runs a program and checks its exit code: exits CODE PROGRAM [ARG...]
func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// scriptSignal sends a signal to everything that runs in the background: signal TERM
func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	sig, ok := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP}[args[0]]
	if !ok {
		ts.Fatalf("no signal %s", args[0])
	}
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			ts.Fatalf("%v", err)
		}
	}
}

// scriptUntil waits until a file holds a text: until FILE TEXT
func scriptUntil(ts *testscript.TestScript, _ bool, args []string) {
	poll(ts, "until "+args[1], func() error {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && !bytes.Contains(data, []byte(args[1])) {
			err = errors.New("not in the file")
		}
		return err
	})
}

// scriptBinary makes a file of bytes of every value: binary FILE SIZE
func scriptBinary(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	random := rand.NewChaCha8([32]byte{1})
	data := make([]byte, size)
	_, _ = random.Read(data) // never fails
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// scriptFlip inverts a byte in the middle of a file: flip FILE
func scriptFlip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[len(data)/2] ^= 0xff
	ts.Check(os.WriteFile(path, data, 0o600))
}

// scriptGoldenDir copies the golden directory: goldendir DIR
func scriptGoldenDir(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(goldendir.Copy(ts.MkAbs(args[0])))
}

// scriptCertificate makes BASE.crt and BASE.key: certificate BASE DAYS NAME...
func scriptCertificate(ts *testscript.TestScript, _ bool, args []string) {
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	now := time.Now()
	certPEM, keyPEM, err := e2e.Certificate(args[0], now.AddDate(-1, 0, 0), now.AddDate(0, 0, days).Add(time.Hour), args[2:]...)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".crt"), certPEM, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".key"), keyPEM, 0o600))
}
