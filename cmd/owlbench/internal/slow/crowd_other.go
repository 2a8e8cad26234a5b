//go:build !linux

package slow

import (
	"context"
	"errors"
)

// crowd needs epoll.
type crowd struct{}

var errNoCrowd = errors.New("slow clients can be made on Linux only")

func startCrowd(context.Context, []clientKind, int, int, int, int) (*crowd, error) {
	return nil, errNoCrowd
}

func (*crowd) end() error              { return nil }
func (*crowd) closed() int             { return 0 }
func maxOpenFiles() (int, bool)        { return 0, false }
func residentBytes(int) (int64, error) { return 0, errNoCrowd }
