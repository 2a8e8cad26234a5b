package urlcache

import (
	"context"
	"errors"
	"io"
	"net/http"

	"owlcache/api/internal/node"
)

// readBody returns also how much memory the caller has to give back, even with an error. Memory is taken
// as the bytes arrive, not as they are announced.
func (c *Cache) readBody(ctx context.Context, s *client, resp *http.Response) (body []byte, taken int64, fail *Error) {
	limit := c.opts.MaxValueSize
	if resp.ContentLength > int64(limit) {
		return nil, 0, bodyTooLarge(limit)
	}
	for {
		if len(body) == cap(body) {
			if body, fail = c.grow(ctx, body, resp.ContentLength, &taken); fail != nil {
				return nil, taken, fail
			}
		}
		n, err := resp.Body.Read(body[len(body):cap(body)])
		c.counts.bytes.Add(uint64(n))
		body = body[:len(body)+n]
		switch {
		case len(body) > limit:
			return nil, taken, bodyTooLarge(limit)
		case errors.Is(err, io.EOF): // one that comes early is another error
			return body, taken, nil
		case err != nil:
			return nil, taken, s.broken(ctx, err)
		}
	}
}

func bodyTooLarge(limit int) *Error {
	return failure(KindTooLarge, "the origin's answer is larger than any value, %d bytes", limit)
}

// grow makes room for more of a body of length bytes, -1 = unknown, and one more: so the end is seen.
func (c *Cache) grow(ctx context.Context, body []byte, length int64, taken *int64) ([]byte, *Error) {
	most := int64(c.opts.MaxValueSize) + 1
	if length >= 0 {
		most = length + 1
	}
	size := max(min(max(2*int64(cap(body)), 4<<10), most), int64(cap(body))+1)
	if size > node.KeepBuffer {
		need := min(size, c.memory.Size) - *taken // one body may have it all
		if need > 0 && c.memory.TakeSoon(ctx, need) == 0 {
			return nil, failure(KindMemory, "too many large answers of origins at once")
		}
		*taken += max(need, 0)
	}
	bigger := make([]byte, len(body), size)
	copy(bigger, body)
	return bigger, nil
}
