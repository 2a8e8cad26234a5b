//go:build unix

package node

import "syscall"

// ownGroup keeps the interrupt key of the terminal from servers: they are
// stopped when the measurement is.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// Pause stops a process where it is: it answers nothing, and its connections stay open.
func (p *Process) Pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
