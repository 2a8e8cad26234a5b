package main

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

// client is one keep-alive connection to a server, for one request at a time.
type client struct {
	conn  net.Conn
	parse func(b []byte) (response, int, error)
	in    []byte
}

// dialClient connects to addr.
func dialClient(ctx context.Context, addr string, parse func([]byte) (response, int, error)) (*client, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, parse: parse, in: make([]byte, 0, 4096)}, nil
}

func (c *client) close() { _ = c.conn.Close() } // nothing is lost with it

// do sends a request and returns its answer, which is valid until the next
// call. It takes at most patience.
func (c *client) do(request []byte, patience time.Duration) (response, error) {
	if err := c.send(request, patience); err != nil {
		return response{}, err
	}
	resp, rest, err := c.receive()
	if err == nil && len(rest) > 0 {
		return response{}, errUnasked
	}
	return resp, err
}

// send writes requests, whose answers have to come within patience.
func (c *client) send(requests []byte, patience time.Duration) error {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	c.in = c.in[:0]
	_, err := c.conn.Write(requests)
	return err
}

// receive returns the next answer and what was read behind it.
func (c *client) receive() (resp response, rest []byte, err error) {
	for {
		resp, n, err := c.parse(c.in)
		if err != nil {
			return response{}, nil, err
		}
		if n > 0 {
			return resp, c.in[n:], nil
		}
		if err := c.fill(); err != nil {
			return response{}, nil, err
		}
	}
}

// fill reads what there is behind c.in.
func (c *client) fill() error {
	if len(c.in) == cap(c.in) {
		c.in = append(c.in, make([]byte, cap(c.in))...)[:len(c.in)]
	}
	n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	if n > 0 {
		return nil
	}
	return err
}

// ask sends a single request over a connection of its own.
func ask(ctx context.Context, addr string, parse func([]byte) (response, int, error), request string) (response, error) {
	c, err := dialClient(ctx, addr, parse)
	if err != nil {
		return response{}, err
	}
	defer c.close()
	return c.do([]byte(request), 10*time.Second)
}

// askOK returns nil when a path is answered with status 200.
func askOK(ctx context.Context, addr, path string) error {
	resp, err := ask(ctx, addr, parseResponse, httpGet(path))
	if err == nil && resp.status != 200 {
		err = fmt.Errorf("%s answers %d", path, resp.status)
	}
	return err
}

// httpPost renders a POST request of a form.
func httpPost(path, form string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, len(form), form)
}

// login exchanges the password of an owlcache node for a token.
func login(ctx context.Context, addr, password string) (string, error) {
	form := url.Values{"cmd": {"pass"}, "pass": {password}}.Encode()
	resp, err := ask(ctx, addr, parseResponse, httpPost("/data/", form))
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	if resp.status != 200 {
		return "", fmt.Errorf("log in: the node answers %d; is the password right?", resp.status)
	}
	var envelope struct{ Data string }
	if err := json.Unmarshal(resp.body, &envelope); err != nil {
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

// unexpected is an answer that a healthy server does not give.
func unexpected(cmd string, resp response) error {
	return fmt.Errorf("%s is answered with status %d: %.200q", cmd, resp.status, resp.body)
}
