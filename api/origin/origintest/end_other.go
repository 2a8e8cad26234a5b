//go:build !linux

package origintest

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }
