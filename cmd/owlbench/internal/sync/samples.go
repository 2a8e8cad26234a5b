package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/cmd/owlbench/internal/load"
)

// sampleLimit is how long after the last write all samples have to be readable.
const sampleLimit = 30 * time.Second

// sampleBoard has the writes that are looked for on the other nodes.
type sampleBoard struct {
	nodes []*member

	mu      sync.Mutex // protects what follows
	sent    map[uint64]sentSample
	lacking [][]uint64 // of each node: the samples that it has not answered, oldest first
	ended   time.Time  // of the last write
	found   load.Histogram
}

type sentSample struct {
	at   time.Time
	left int // nodes
}

func newSampleBoard(nodes []*member) *sampleBoard {
	return &sampleBoard{nodes: nodes, sent: make(map[uint64]sentSample), lacking: make([][]uint64, len(nodes))}
}

func (b *sampleBoard) add(key uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent[key] = sentSample{time.Now(), len(b.nodes)}
	for i := range b.lacking {
		b.lacking[i] = append(b.lacking[i], key)
	}
}

func (b *sampleBoard) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = time.Now()
}

func (b *sampleBoard) seen(node int, key uint64, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lacking[node] = slices.DeleteFunc(b.lacking[node], func(k uint64) bool { return k == key })
	s := b.sent[key]
	if s.left--; s.left > 0 {
		b.sent[key] = s
		return
	}
	delete(b.sent, key)
	b.found.Add(at.Sub(s.at))
}

// next returns the samples to ask a node for. over = there will be none any more.
func (b *sampleBoard) next(node int) (keys []uint64, over bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lacking := b.lacking[node]
	switch {
	case b.ended.IsZero():
	case len(lacking) == 0:
		return nil, true, nil
	case time.Since(b.ended) > sampleLimit:
		return nil, false, fmt.Errorf("%d writes have not reached %s within %v", len(lacking), b.nodes[node].Name, sampleLimit)
	}
	return slices.Clone(lacking[:min(len(lacking), 200)]), false, nil
}

func (b *sampleBoard) latencies() load.Histogram {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found
}

// watch asks the nodes for samples until the last one is found. wait waits for that.
func (b *sampleBoard) watch(ctx context.Context, like load.Target) (wait func() error) {
	group, ctx := errgroup.WithContext(ctx)
	for i := range b.nodes {
		group.Go(func() error { return b.watchNode(ctx, i, like) })
	}
	return group.Wait
}

func (b *sampleBoard) watchNode(ctx context.Context, node int, like load.Target) error {
	c, err := load.Dial(ctx, b.nodes[node].Addr, like.Parse)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		keys, over, err := b.next(node)
		if over || err != nil {
			return err
		}
		if err := b.askFor(c, node, keys, like); err != nil {
			return err
		}
		load.Pause(ctx, 2*time.Millisecond) // so that the nodes are not kept busy by it
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (b *sampleBoard) askFor(c *load.Client, node int, keys []uint64, like load.Target) error {
	if len(keys) == 0 {
		return nil
	}
	var batch []byte
	for _, key := range keys {
		batch = like.Get.Append(batch, key)
	}
	return c.Pipeline(batch, len(keys), func(i int, resp load.Response) error {
		switch {
		case resp.Status == 200 && len(resp.Body) == like.Value:
			b.seen(node, keys[i], time.Now())
		case resp.Status != 404:
			return errors.Join(errors.New(b.nodes[node].Name), resp.Unexpected("get"))
		}
		return nil
	})
}
