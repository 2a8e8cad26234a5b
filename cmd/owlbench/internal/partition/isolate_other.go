//go:build !linux

package partition

import (
	"context"
	"errors"
	"io"
)

var errNoNamespaces = errors.New("cutting networks needs the network name spaces of Linux")

func isolate(context.Context, []string, []string, io.Writer, io.Writer) error {
	return errNoNamespaces
}

func settleIn() error { return errNoNamespaces }

func isolable(context.Context) error { return errNoNamespaces }
