package load

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// AnswerPatience is how long an answer may take before it counts as none.
const AnswerPatience = 20 * time.Second

// ClassicClient is the connection of a writer or reader.
type ClassicClient struct {
	*Client
	token string
}

func DialClassic(ctx context.Context, addr, token string) (*ClassicClient, error) {
	c, err := Dial(ctx, addr, ParseHTTP)
	return &ClassicClient{Client: c, token: token}, err
}

// A reading is the answer to a get.
type reading struct {
	Found bool
	Value []byte // valid until the next request
	SetAt int64  // Unix milliseconds, 0 = not told
}

// Get reads a key. It also returns when the request was under way.
func (c *ClassicClient) Get(key string) (reading, Interval, error) {
	request := HTTPGet("/data/?cmd=get&key=" + url.QueryEscape(key))
	resp, during, err := c.timed(request)
	switch {
	case err != nil:
		return reading{}, during, err
	case resp.Status == 404:
		return reading{}, during, nil
	case resp.Status != 200:
		return reading{}, during, Unexpected("get", resp)
	}
	setAt, err := createTime(resp.header)
	return reading{Found: true, Value: resp.Body, SetAt: setAt}, during, err
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

// Write sends an operation. Large values go in a form, small ones as body
// says.
func (c *ClassicClient) Write(key string, op Operation, body bool) (Result, Interval, error) {
	form := url.Values{"cmd": {op.Action.String()}, "key": {key}, "token": {c.token}}
	if op.Action == ActSet {
		form.Set("valuedata", string(op.Value))
	}
	if op.Seconds > 0 {
		form.Set("exptime", strconv.FormatInt(op.Seconds, 10))
	}
	request := HTTPGet("/data/?" + form.Encode())
	if body || len(op.Value) > 1<<10 {
		request = HTTPPost("/data/", form.Encode())
	}
	resp, during, err := c.timed(request)
	switch {
	case err != nil:
		return Unknown, during, err
	case resp.Status == 200:
		return Done, during, nil
	case resp.Status == 404 && op.Action != ActSet:
		return NotFound, during, nil
	}
	return Unknown, during, Unexpected(op.Action.String(), resp)
}

// timed sends a request and says when it was under way.
func (c *ClassicClient) timed(request string) (response, Interval, error) {
	from := time.Now()
	resp, err := c.Do([]byte(request), AnswerPatience)
	// Both ends come from one reading of the clock that cannot go back.
	return resp, Interval{From: from.UnixMilli(), To: from.Add(time.Since(from)).UnixMilli()}, err
}
