package wal

import (
	"errors"
	"os"
	"syscall"
)

// datasync is fsync without the times of the file; the size is covered.
func datasync(f *os.File) error {
	return control(f, "fdatasync", func(fd int) error { return syscall.Fdatasync(fd) })
}

// control runs call on the descriptor of f, again after an interruption.
func control(f *os.File, op string, call func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var callErr error
	err = conn.Control(func(fd uintptr) {
		for callErr = call(int(fd)); errors.Is(callErr, syscall.EINTR); {
			callErr = call(int(fd))
		}
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError(op, callErr)
}
