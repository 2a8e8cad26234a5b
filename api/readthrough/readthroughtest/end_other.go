//go:build !linux

package readthroughtest

import "syscall"

func endWithParent() *syscall.SysProcAttr { return nil }
