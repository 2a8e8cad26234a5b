package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bounds of looking for samples, so that the nodes are not kept busy by it.
const (
	watchEvery = 2 * time.Millisecond
	watchMost  = 200 // samples that are asked for at a time
)

// sampleBoard has the writes that are looked for on the other nodes.
type sampleBoard struct {
	nodes []*syncNode

	mu      sync.Mutex // protects what follows
	sent    map[uint64]sentSample
	lacking [][]uint64 // of each node: the samples that it has not answered, oldest first
	ended   time.Time  // of the last write
	found   histogram
}

// sentSample is a write that not all nodes have answered.
type sentSample struct {
	at   time.Time
	left int // nodes
}

func newSampleBoard(nodes []*syncNode) *sampleBoard {
	return &sampleBoard{nodes: nodes, sent: make(map[uint64]sentSample), lacking: make([][]uint64, len(nodes))}
}

// add adds a key that is about to be written.
func (b *sampleBoard) add(key uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent[key] = sentSample{time.Now(), len(b.nodes)}
	for i := range b.lacking {
		b.lacking[i] = append(b.lacking[i], key)
	}
}

// end tells that nothing will be added.
func (b *sampleBoard) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = time.Now()
}

// seen notes that a node has answered a sample.
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
	b.found.add(at.Sub(s.at))
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
		return nil, false, fmt.Errorf("%d writes have not reached %s within %v", len(lacking), b.nodes[node].name, sampleLimit)
	}
	return slices.Clone(lacking[:min(len(lacking), watchMost)]), false, nil
}

// latencies returns how long samples took to be readable on all nodes.
func (b *sampleBoard) latencies() histogram {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found
}

// watch asks the nodes for samples until the last one is found. wait waits for that.
func (b *sampleBoard) watch(ctx context.Context, like target) (wait func() error) {
	group, ctx := errgroup.WithContext(ctx)
	for i := range b.nodes {
		group.Go(func() error { return b.watchNode(ctx, i, like) })
	}
	return group.Wait
}

func (b *sampleBoard) watchNode(ctx context.Context, node int, like target) error {
	c, err := dialClient(ctx, b.nodes[node].addr, like.parse)
	if err != nil {
		return err
	}
	defer c.close()
	for {
		keys, over, err := b.next(node)
		if over || err != nil {
			return err
		}
		if err := b.askFor(c, node, keys, like); err != nil {
			return err
		}
		pause(ctx, watchEvery)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// askFor asks a node for some samples, all at once.
func (b *sampleBoard) askFor(c *client, node int, keys []uint64, like target) error {
	if len(keys) == 0 {
		return nil
	}
	var batch []byte
	for _, key := range keys {
		batch = like.get.append(batch, key)
	}
	if err := c.send(batch, answerPatience); err != nil {
		return err
	}
	for _, key := range keys {
		resp, rest, err := c.receive()
		switch {
		case err != nil:
			return err
		case resp.status == 200 && len(resp.body) == like.value:
			b.seen(node, key, time.Now())
		case resp.status != 404:
			return errors.Join(errors.New(b.nodes[node].name), unexpected("get", resp))
		}
		c.in = c.in[:copy(c.in, rest)]
	}
	return nil
}
