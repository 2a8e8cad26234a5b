package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	preloadConns = 256
	preloadBatch = 32 // requests that one connection sends before it reads the answers
)

// preload sets all keys of a target, pipelined over many connections: it is to
// be over soon, not to be measured.
func preload(ctx context.Context, t *target) error {
	group, ctx := errgroup.WithContext(ctx)
	share := (t.keys + preloadConns - 1) / preloadConns
	for first := uint64(0); first < t.keys; first += share {
		last := min(first+share, t.keys)
		group.Go(func() error { return preloadRange(ctx, t, first, last) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("load %s: %w", t.name, err)
	}
	return nil
}

// preloadRange sets the keys from first to before last over one connection.
func preloadRange(ctx context.Context, t *target, first, last uint64) error {
	c, err := dialClient(ctx, t.addr, t.parse)
	if err != nil {
		return err
	}
	defer c.close()
	var batch []byte
	for first < last && ctx.Err() == nil {
		count := min(last-first, preloadBatch)
		batch = batch[:0]
		for i := range count {
			batch = t.set.append(batch, first+i)
		}
		if err := c.pipeline(batch, int(count)); err != nil {
			return err
		}
		first += count
	}
	return ctx.Err()
}

// pipeline sends count requests at once and reads their answers, which must all
// say that it is done.
func (c *client) pipeline(requests []byte, count int) error {
	if err := c.send(requests, time.Minute); err != nil {
		return err
	}
	for range count {
		resp, rest, err := c.receive()
		if err != nil {
			return err
		}
		if resp.status != 200 {
			return fmt.Errorf("set answered %d: %.200q", resp.status, resp.body)
		}
		c.in = c.in[:copy(c.in, rest)]
	}
	return nil
}
