//go:build unix

package dump

import (
	"os"

	"golang.org/x/sys/unix"
)

// noFollow is the flag that refuses to open a link.
const noFollow = unix.O_NOFOLLOW

// tryLock locks a file for this process, or fails at once.
func tryLock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
