//go:build !linux

package load

import (
	"context"
	"errors"
	"time"
)

// drive needs epoll.
func drive(context.Context, string, []*connection, time.Duration, int) (*Sample, error) {
	return nil, errors.New("load can be made on Linux only")
}
