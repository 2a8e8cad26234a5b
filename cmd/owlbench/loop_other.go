//go:build !linux

package main

import (
	"context"
	"errors"
	"time"
)

// drive needs epoll.
func drive(context.Context, string, []*lane, time.Duration, int) (*sample, error) {
	return nil, errors.New("load can be made on Linux only")
}
