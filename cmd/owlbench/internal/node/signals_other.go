//go:build !unix

package node

import (
	"errors"
	"syscall"
)

var errNoPause = errors.New("a process cannot be stopped for a while on this system")

func ownGroup() *syscall.SysProcAttr { return nil }

// Pause needs Unix.
func (p *Process) Pause() error { return errNoPause }

// Resume needs Unix.
func (p *Process) Resume() error { return errNoPause }
