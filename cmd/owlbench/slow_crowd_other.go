//go:build !linux

package main

import (
	"context"
	"errors"
)

// slowCrowd needs epoll.
type slowCrowd struct{}

var errNoCrowd = errors.New("slow clients can be made on Linux only")

func startCrowd(context.Context, []slowKind, int, int, int, int) (*slowCrowd, error) {
	return nil, errNoCrowd
}

func (*slowCrowd) end() error          { return nil }
func (*slowCrowd) closed() int         { return 0 }
func maxOpenFiles() (int, bool)        { return 0, false }
func residentBytes(int) (int64, error) { return 0, errNoCrowd }
