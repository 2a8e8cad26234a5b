//go:build !linux

package slow

import (
	"context"
	"errors"
)

// crowd needs Linux.
type crowd struct{}

func startCrowd(context.Context, []clientKind, int, string, string, int) (*crowd, error) {
	return nil, errors.New("slow clients can be made on Linux only")
}

func (*crowd) end() error { return nil }
