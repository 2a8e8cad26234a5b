package readthroughtest

import "syscall"

// endWithParent has the kernel end a server whose test was cut off.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
