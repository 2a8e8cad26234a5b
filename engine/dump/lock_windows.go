package dump

import (
	"os"

	"golang.org/x/sys/windows"
)

// noFollow is the flag that refuses to open a link. Windows has none.
const noFollow = 0

// tryLock locks a file for this process, or fails at once. The lock is beyond the end of
// the file: on Windows, what is locked cannot be read by others.
func tryLock(f *os.File) error {
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
}
