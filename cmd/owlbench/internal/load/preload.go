package load

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

const (
	preloadConns = 256
	preloadBatch = 32 // requests that one connection sends before it reads the answers
)

// Preload sets all keys of a target, pipelined over many connections: it is to
// be over soon, not to be measured.
func Preload(ctx context.Context, t *Target) error {
	group, ctx := errgroup.WithContext(ctx)
	share := (t.Keys + preloadConns - 1) / preloadConns
	for first := uint64(0); first < t.Keys; first += share {
		last := min(first+share, t.Keys)
		group.Go(func() error { return preloadRange(ctx, t, first, last) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("load %s: %w", t.Name, err)
	}
	return nil
}

// preloadRange sets the keys from first to before last over one connection.
func preloadRange(ctx context.Context, t *Target, first, last uint64) error {
	c, err := Dial(ctx, t.Addr, t.Parse)
	if err != nil {
		return err
	}
	defer c.Close()
	var batch []byte
	for first < last && ctx.Err() == nil {
		count := min(last-first, preloadBatch)
		batch = batch[:0]
		for i := range count {
			batch = t.Set.Append(batch, first+i)
		}
		if err := c.Pipeline(batch, int(count), isSet); err != nil {
			return err
		}
		first += count
	}
	return ctx.Err()
}

// isSet returns nil if an answer says that a set is done.
func isSet(_ int, resp Response) error {
	if resp.Status != 200 {
		return Unexpected("set", resp)
	}
	return nil
}
