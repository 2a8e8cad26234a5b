//go:build unix

package upgrade

import "syscall"

// mayWrite asks whether this user may write to a file or directory.
func mayWrite(path string) error {
	const write = 2
	return syscall.Access(path, write)
}
