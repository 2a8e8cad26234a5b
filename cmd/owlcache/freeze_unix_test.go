//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
)

// freeze stops a process until thaw is called or the test ends.
func freeze(t *testing.T, process *os.Process) (thaw func()) {
	t.Helper()
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	thaw = func() { _ = process.Signal(syscall.SIGCONT) } // it may have ended
	t.Cleanup(thaw)                                       // else it could not be stopped in good order
	return thaw
}

func makePipe(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}
