//go:build unix

package node

import "syscall"

// Pause stops a process where it is: it answers nothing, and its connections stay open.
func (p *Process) Pause() error { return p.Cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (p *Process) Resume() error { return p.Cmd.Process.Signal(syscall.SIGCONT) }
