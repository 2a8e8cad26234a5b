package node

import (
	"errors"
	"fmt"
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

// Memory returns the memory that the process holds now, in bytes.
func (p *Process) Memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var size, resident int64 // pages
	_, err = fmt.Sscan(string(text), &size, &resident)
	return resident * int64(os.Getpagesize()), err
}

// MaxOpenFiles returns how many files a process may have open after it has raised its
// limit, as this one and a node do; very many if that is not known.
func MaxOpenFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1 << 30
	}
	return int(min(limit.Max, 1<<30))
}
