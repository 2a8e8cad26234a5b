package node

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// DropFromMemory lets the system forget what it holds of a file, which is read from
// the disk next time. It needs no privileges.
func DropFromMemory(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	// What has not been written yet cannot be dropped.
	return errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
}

// MaxMemory returns the greatest resident size that a process has had, in bytes.
func MaxMemory(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}
