//go:build !linux

package engine

import (
	"context"

	"go.etcd.io/bbolt"
)

// dropMapped is something that only Linux needs.
func dropMapped(context.Context, *bbolt.DB, int64) {}
