package load

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"
)

// Client is one keep-alive connection to a server, for one request at a time.
type Client struct {
	conn  net.Conn
	parse func(b []byte) (response, int, error)
	In    []byte
}

// Dial connects to addr.
func Dial(ctx context.Context, addr string, parse func([]byte) (response, int, error)) (*Client, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn, parse: parse, In: make([]byte, 0, 4096)}, nil
}

func (c *Client) Close() { _ = c.conn.Close() } // nothing is lost with it

// Do sends a request and returns its answer, which is valid until the next
// call. It takes at most patience.
func (c *Client) Do(request []byte, patience time.Duration) (response, error) {
	if err := c.Send(request, patience); err != nil {
		return response{}, err
	}
	resp, rest, err := c.Receive()
	if err == nil && len(rest) > 0 {
		return response{}, errUnasked
	}
	return resp, err
}

// Send writes requests, whose answers have to come within patience.
func (c *Client) Send(requests []byte, patience time.Duration) error {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	c.In = c.In[:0]
	_, err := c.conn.Write(requests)
	return err
}

// Receive returns the next answer and what was read behind it.
func (c *Client) Receive() (resp response, rest []byte, err error) {
	for {
		resp, n, err := c.parse(c.In)
		if err != nil {
			return response{}, nil, err
		}
		if n > 0 {
			return resp, c.In[n:], nil
		}
		if err := c.fill(); err != nil {
			return response{}, nil, err
		}
	}
}

// fill reads what there is behind c.in.
func (c *Client) fill() error {
	if len(c.In) == cap(c.In) {
		c.In = append(c.In, make([]byte, cap(c.In))...)[:len(c.In)]
	}
	n, err := c.conn.Read(c.In[len(c.In):cap(c.In)])
	c.In = c.In[:len(c.In)+n]
	if n > 0 {
		return nil
	}
	return err
}

// Ask sends a single request over a connection of its own.
func Ask(ctx context.Context, addr string, parse func([]byte) (response, int, error), request string) (response, error) {
	c, err := Dial(ctx, addr, parse)
	if err != nil {
		return response{}, err
	}
	defer c.Close()
	return c.Do([]byte(request), 10*time.Second)
}

// AskOK returns nil when a path is answered with status 200.
func AskOK(ctx context.Context, addr, path string) error {
	resp, err := Ask(ctx, addr, ParseHTTP, HTTPGet(path))
	if err == nil && resp.Status != 200 {
		err = fmt.Errorf("%s answers %d", path, resp.Status)
	}
	return err
}

// HTTPPost renders a POST request of a form.
func HTTPPost(path, form string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, len(form), form)
}

// Login exchanges the password of an owlcache node for a token.
func Login(ctx context.Context, addr, password string) (string, error) {
	form := url.Values{"cmd": {"pass"}, "pass": {password}}.Encode()
	resp, err := Ask(ctx, addr, ParseHTTP, HTTPPost("/data/", form))
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	if resp.Status != 200 {
		return "", fmt.Errorf("log in: the node answers %d; is the password right?", resp.Status)
	}
	var envelope struct{ Data string }
	if err := json.Unmarshal(resp.Body, &envelope); err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	token, err := base64.StdEncoding.DecodeString(envelope.Data)
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	if len(token) == 0 {
		return "", errors.New("log in: the node answers no token")
	}
	return string(token), nil
}

// Unexpected is an answer that a healthy server does not give.
func Unexpected(cmd string, resp response) error {
	return fmt.Errorf("%s is answered with status %d: %.200q", cmd, resp.Status, resp.Body)
}
