//go:build !unix

package node

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }
