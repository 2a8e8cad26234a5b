//go:build unix

package main

import "syscall"

// mayWrite asks whether this user may write to a file or directory.
func mayWrite(path string) error {
	const write = 2
	return syscall.Access(path, write)
}
