package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"
)

// AnswerPatience is how long an answer may take before it counts as none.
const AnswerPatience = 20 * time.Second

// Client is one keep-alive connection to a server, for one request at a time.
type Client struct {
	conn  net.Conn
	parse Parser
	in    []byte
}

// Dial connects to addr.
func Dial(ctx context.Context, addr string, parse Parser) (*Client, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn, parse: parse, in: make([]byte, 0, 4096)}, nil
}

// Close ends the connection.
func (c *Client) Close() { _ = c.conn.Close() } // nothing is lost with it

// Do sends a request and returns its answer, which is valid until the next call.
func (c *Client) Do(request string) (resp Response, err error) {
	err = c.Pipeline([]byte(request), 1, func(_ int, r Response) error {
		resp = r
		return nil
	})
	return resp, err
}

// Pipeline sends some requests at once and calls each with their answers, in order.
// An answer is valid during the call, the last one until the next requests.
func (c *Client) Pipeline(requests []byte, count int, each func(i int, r Response) error) error {
	if err := c.conn.SetDeadline(time.Now().Add(AnswerPatience)); err != nil {
		return err
	}
	if _, err := c.conn.Write(requests); err != nil {
		return err
	}
	c.in = c.in[:0]
	at := 0 // of the next answer in c.in
	for i := 0; i < count; {
		resp, n, err := c.parse(c.in[at:])
		if err == nil && n > 0 {
			err = each(i, resp)
			at += n
			i++
		} else if err == nil {
			err = c.fill()
		}
		if err != nil {
			return err
		}
	}
	if at < len(c.in) {
		return errUnasked
	}
	return nil
}

func (c *Client) fill() error {
	c.in = slices.Grow(c.in, 1)
	n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	if n > 0 {
		return nil
	}
	return err
}

// Ask sends a single request over a connection of its own.
func Ask(ctx context.Context, addr string, parse Parser, request string) (Response, error) {
	c, err := Dial(ctx, addr, parse)
	if err != nil {
		return Response{}, err
	}
	defer c.Close()
	return c.Do(request)
}

// AskOK asks for a path, which must be answered with status 200, and returns the body.
func AskOK(ctx context.Context, addr, path string) ([]byte, error) {
	resp, err := Ask(ctx, addr, ParseHTTP, HTTPGet(path))
	return resp.Body, cmp.Or(err, resp.MustBeOK(path))
}

// Login exchanges the password of an owlcache node for a token.
func Login(ctx context.Context, addr, password string) (string, error) {
	form := url.Values{"cmd": {"pass"}, "pass": {password}}.Encode()
	resp, err := Ask(ctx, addr, ParseHTTP, HTTPPost("/data/", form))
	if err == nil && resp.Status != 200 {
		err = fmt.Errorf("the node answers %d; is the password right?", resp.Status)
	}
	var envelope struct{ Data []byte } // base64
	if err == nil {
		err = json.Unmarshal(resp.Body, &envelope)
	}
	if err == nil && len(envelope.Data) == 0 {
		err = errors.New("the node answers no token")
	}
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	return string(envelope.Data), nil
}

// Unexpected returns the error of an answer that a healthy server does not give.
func (r Response) Unexpected(asked string) error {
	return fmt.Errorf("%s is answered with status %d: %.200q", asked, r.Status, r.Body)
}

// MustBeOK returns an error unless the status is 200.
func (r Response) MustBeOK(asked string) error {
	if r.Status != 200 {
		return r.Unexpected(asked)
	}
	return nil
}

// Pause waits, unless ctx ends before.
func Pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// Every calls f at once and then every d, until end is called or f fails. end waits for
// it, and returns its error.
func Every(ctx context.Context, d time.Duration, f func() error) (end func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			err = f()
			Pause(ctx, d)
		}
		ended <- err
	}()
	return func() error {
		cancel()
		return <-ended
	}
}
