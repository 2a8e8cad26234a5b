//go:build !linux

package node

import (
	"errors"
	"os"
)

var errNotLinux = errors.New("this needs Linux")

// DropFromMemory needs Linux.
func DropFromMemory(string) error { return errNotLinux }

// MaxMemory is not known here.
func MaxMemory(*os.ProcessState) int64 { return 0 }

// Memory needs Linux.
func (p *Process) Memory() (int64, error) { return 0, errNotLinux }

// MaxOpenFiles is not known here.
func MaxOpenFiles() int { return 1 << 30 }
