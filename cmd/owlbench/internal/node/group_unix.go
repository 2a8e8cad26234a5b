//go:build unix

package node

import "syscall"

// ownGroup keeps the interrupt key of the terminal from servers: they are
// stopped when the measurement is.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
