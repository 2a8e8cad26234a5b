package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// readAhead asks for the first n bytes of a file to be read into memory, and does not
// wait. It is only a hint.
func readAhead(f *os.File, n int64) {
	conn, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { _ = unix.Fadvise(int(fd), 0, n, unix.FADV_WILLNEED) })
}
