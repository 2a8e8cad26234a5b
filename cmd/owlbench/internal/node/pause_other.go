//go:build !unix

package node

import "errors"

var errNoPause = errors.New("a process cannot be stopped for a while on this system")

func (p *Process) Pause() error { return errNoPause }

func (p *Process) Resume() error { return errNoPause }
