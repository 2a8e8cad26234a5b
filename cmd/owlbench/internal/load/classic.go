package load

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Action is what an operation does.
type Action string

// The actions, named as the commands.
const (
	ActSet    Action = "set"
	ActDelete Action = "delete"
	ActExpire Action = "expire"
)

// Operation is one write of a key.
type Operation struct {
	Action  Action
	Seq     uint64 // set
	Value   []byte // set
	Seconds int64  // set, expire: until it expires; 0 = never
}

// Result is how an operation ended.
type Result uint8

// The results.
const (
	Done     Result = iota // acknowledged
	NotFound               // the answer was that there is no such key
	Unknown                // there was no answer: it may be done or not
)

// String says how it ended.
func (r Result) String() string { return [...]string{"done", "not found", "no answer"}[r] }

// Interval is when a request was under way, in Unix milliseconds.
type Interval struct{ From, To int64 }

// ClassicClient is the connection of a writer or reader.
type ClassicClient struct {
	*Client
	token string
}

// DialClassic connects to a node.
func DialClassic(ctx context.Context, addr, token string) (*ClassicClient, error) {
	c, err := Dial(ctx, addr, ParseHTTP)
	return &ClassicClient{Client: c, token: token}, err
}

// Reading is the answer to a get.
type Reading struct {
	Found bool
	Value []byte // valid until the next request
	SetAt int64  // Unix milliseconds, 0 = not told
}

// Get reads a key. It also returns when the request was under way.
func (c *ClassicClient) Get(key string) (Reading, Interval, error) {
	request := HTTPGet("/data/?cmd=get&key=" + url.QueryEscape(key))
	resp, during, err := c.timed(request)
	switch {
	case err != nil:
		return Reading{}, during, err
	case resp.Status == 404:
		return Reading{}, during, nil
	case resp.Status != 200:
		return Reading{}, during, resp.Unexpected("get")
	}
	setAt, err := createTime(resp.header)
	return Reading{Found: true, Value: resp.Body, SetAt: setAt}, during, err
}

// createTime returns the time of the last set, in Unix milliseconds, 0 if it is not told.
func createTime(header []byte) (int64, error) {
	text, ok := headerValue(header, "Keycreatetime")
	if !ok {
		return 0, nil
	}
	at, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", string(text))
	if err != nil {
		return 0, fmt.Errorf("header Keycreatetime: %w", err)
	}
	return at.UnixMilli(), nil
}

// Write sends an operation, large values and those with body as a form.
func (c *ClassicClient) Write(key string, op Operation, body bool) (Result, Interval, error) {
	form := url.Values{"cmd": {string(op.Action)}, "key": {key}, "token": {c.token}}
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
	return Unknown, during, resp.Unexpected(string(op.Action))
}

func (c *ClassicClient) timed(request string) (Response, Interval, error) {
	from := time.Now()
	resp, err := c.Do(request)
	// Both ends come from one Reading of the clock that cannot go back.
	return resp, Interval{From: from.UnixMilli(), To: from.Add(time.Since(from)).UnixMilli()}, err
}
