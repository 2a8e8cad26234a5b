//go:build unix

package upgrade

import "syscall"

func mayWrite(path string) error {
	const write = 2
	return syscall.Access(path, write)
}
