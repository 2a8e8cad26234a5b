package wal

import (
	"cmp"
	"errors"
	"os"
	"syscall"
)

// datasync is fsync without the times of the file; the size is covered.
func datasync(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var syncErr error
	err = conn.Control(func(fd uintptr) {
		syncErr = syscall.Fdatasync(int(fd))
		for errors.Is(syncErr, syscall.EINTR) {
			syncErr = syscall.Fdatasync(int(fd))
		}
	})
	return cmp.Or(err, os.NewSyscallError("fdatasync", syncErr))
}
