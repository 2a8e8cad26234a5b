package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// answerPatience is how long an answer may take before it counts as none.
const answerPatience = 20 * time.Second

// crashClient is the connection of a writer or reader.
type crashClient struct {
	*client
	token string
}

func dialCrashClient(ctx context.Context, addr, token string) (*crashClient, error) {
	c, err := dialClient(ctx, addr, parseResponse)
	return &crashClient{client: c, token: token}, err
}

// A reading is the answer to a get.
type reading struct {
	found bool
	value []byte // valid until the next request
	setAt int64  // Unix milliseconds, 0 = not told
}

// get reads a key. It also returns when the request was under way.
func (c *crashClient) get(key string) (reading, interval, error) {
	request := httpGet("/data/?cmd=get&key=" + url.QueryEscape(key))
	resp, during, err := c.timed(request)
	switch {
	case err != nil:
		return reading{}, during, err
	case resp.status == 404:
		return reading{}, during, nil
	case resp.status != 200:
		return reading{}, during, unexpected("get", resp)
	}
	setAt, err := createTime(resp.header)
	return reading{found: true, value: resp.body, setAt: setAt}, during, err
}

// createTime returns the time of the last set in a header, in Unix
// milliseconds.
func createTime(header []byte) (int64, error) {
	text, ok := headerValue(header, "keycreatetime")
	if !ok {
		return 0, nil
	}
	at, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", string(text))
	if err != nil {
		return 0, fmt.Errorf("header Keycreatetime: %w", err)
	}
	return at.UnixMilli(), nil
}

// write sends an operation. Large values go in a form, small ones as body
// says.
func (c *crashClient) write(key string, op operation, body bool) (result, interval, error) {
	form := url.Values{"cmd": {op.action.String()}, "key": {key}, "token": {c.token}}
	if op.action == actSet {
		form.Set("valuedata", string(op.value))
	}
	if op.seconds > 0 {
		form.Set("exptime", strconv.FormatInt(op.seconds, 10))
	}
	request := httpGet("/data/?" + form.Encode())
	if body || len(op.value) > 1<<10 {
		request = httpPost("/data/", form.Encode())
	}
	resp, during, err := c.timed(request)
	switch {
	case err != nil:
		return unknown, during, err
	case resp.status == 200:
		return done, during, nil
	case resp.status == 404 && op.action != actSet:
		return notFound, during, nil
	}
	return unknown, during, unexpected(op.action.String(), resp)
}

// timed sends a request and says when it was under way.
func (c *crashClient) timed(request string) (response, interval, error) {
	from := time.Now()
	resp, err := c.do([]byte(request), answerPatience)
	// Both ends come from one reading of the clock that cannot go back.
	return resp, interval{from: from.UnixMilli(), to: from.Add(time.Since(from)).UnixMilli()}, err
}
