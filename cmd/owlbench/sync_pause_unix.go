//go:build unix

package main

import "syscall"

// pause stops a process where it is: it answers nothing, and its connections stay open.
func (p *process) pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// resume lets it go on.
func (p *process) resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
