package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// maxAnswer bounds what is read of an answer: the largest value and its envelope.
const maxAnswer = engine.MaxValueSize + 1<<20

// Client talks to a node over HTTP.
type Client struct {
	base     *url.URL
	http     http.Client
	password func() (string, error) // asked only when a command needs it
}

// Param is a parameter of a command.
type Param struct{ Name, Value string }

// Answer is what a node says to a command.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Envelope is what commands answer that answer no raw value.
type Envelope struct {
	Cmd           string
	Status        int
	Results       string
	Key           string
	Data          []byte
	KeyCreateTime time.Time
}

// New returns a client of the node at addr: host:port, host, or the URL of a proxy in front of it.
func New(addr string, timeout time.Duration, password func() (string, error)) (*Client, error) {
	base, err := nodeURL(addr)
	if err != nil {
		return nil, err
	}
	c := &Client{base: base, password: password}
	c.http.Timeout = timeout
	// No proxy of the environment: it would see the password. No redirects: a
	// node sends none, and the password must not follow one.
	c.http.Transport = &http.Transport{
		MaxResponseHeaderBytes: 1 << 20,
		MaxIdleConnsPerHost:    128, // each of many requests at a time finds its connection again
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// nodeURL completes an address to the URL of the data commands.
func nodeURL(addr string) (*url.URL, error) {
	full := addr
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, term.Usage(fmt.Errorf("address %q: want host:port or a http URL", addr))
	}
	if u.Port() == "" && full != addr {
		u.Host = net.JoinHostPort(u.Hostname(), "7721")
	}
	return u.JoinPath("data/"), nil
}

// Path returns the URL of another path of the node than that of the data commands.
func (c *Client) Path(elem ...string) *url.URL { return c.base.JoinPath("..").JoinPath(elem...) }

// Host returns the node as messages name it.
func (c *Client) Host() string { return c.base.Host }

// Close closes the connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// local tells whether the node is on this machine.
func (c *Client) local() bool {
	host := c.base.Hostname()
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Ask sends a command that needs no token.
func (c *Client) Ask(ctx context.Context, cmd string, params ...Param) (Answer, error) {
	return c.Send(ctx, append([]Param{{"cmd", cmd}}, params...))
}

// Write logs in and sends a command that needs a token.
func (c *Client) Write(ctx context.Context, cmd string, params ...Param) (Answer, error) {
	token, err := c.LogIn(ctx)
	if err != nil {
		return Answer{}, err
	}
	return c.Send(ctx, append([]Param{{"cmd", cmd}, {"token", token}}, params...))
}

// LogIn trades the password for a token.
func (c *Client) LogIn(ctx context.Context) (string, error) {
	password, err := c.password()
	if err != nil {
		return "", err
	}
	a, err := c.Send(ctx, []Param{{"cmd", "pass"}, {"pass", password}})
	if err != nil {
		return "", err
	}
	e, err := a.Envelope()
	if err != nil {
		return "", err
	}
	if a.Status != http.StatusOK {
		return "", term.Exit(term.CodeDenied, fmt.Errorf("%s refused to log in%s", c.Host(), a.reason()))
	}
	return string(e.Data), nil
}

// Send posts the parameters of a command.
func (c *Client) Send(ctx context.Context, params []Param) (Answer, error) {
	a, err := c.Post(ctx, c.base, params)
	if err != nil {
		return Answer{}, err
	}
	// The page of another server is no value, and its 404 no missing key.
	if (a.Status == http.StatusOK || a.Status == http.StatusNotFound) && a.Header.Get("Keycreatetime") == "" {
		return a, c.foreign()
	}
	return a, nil
}

// Post posts the parameters as a form: neither keys nor secrets are in the URL,
// where logs of proxies would keep them, and values need no escaping.
func (c *Client) Post(ctx context.Context, target *url.URL, params []Param) (Answer, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, p := range params {
		// Writing to a buffer does not fail.
		_ = form.WriteField(p.Name, p.Value)
	}
	_ = form.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), &body)
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	return c.Do(req)
}

// Open sends a request. Whoever called it closes the body.
func (c *Client) Open(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", "owlcache/"+term.Version)
	resp, err := c.http.Do(req)
	if err != nil {
		if err := untrusted(c.Host(), err); err != nil {
			return nil, err
		}
		return nil, Unreachable(c.Host(), err)
	}
	return resp, nil
}

// Do sends a request and reads the whole answer.
func (c *Client) Do(req *http.Request) (Answer, error) {
	resp, err := c.Open(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	return c.Read(resp)
}

// Read reads the whole answer.
func (c *Client) Read(resp *http.Response) (Answer, error) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return Answer{}, Unreachable(c.Host(), err)
	}
	if len(data) > maxAnswer {
		return Answer{}, fmt.Errorf("%s answers with more than %d bytes", c.Host(), maxAnswer)
	}
	return Answer{resp.StatusCode, resp.Header, data}, nil
}

// Unreachable returns the error for a node that does not answer.
func Unreachable(addr string, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL, which the message names already
	}
	return term.Exit(term.CodeUnavailable, fmt.Errorf("%s does not answer: %w", addr, err))
}

// Envelope decodes the body.
func (a Answer) Envelope() (Envelope, error) {
	var e Envelope
	if err := json.Unmarshal(a.Body, &e); err != nil {
		if err := a.Err(); err != nil {
			return Envelope{}, err
		}
		return Envelope{}, errors.New("the answer is not one of an owlcache node")
	}
	return e, nil
}

// Err turns the status into an error with the exit code that it stands for.
func (a Answer) Err() error {
	switch a.Status {
	case http.StatusOK:
		return nil
	case http.StatusNotFound:
		return term.Exit(term.CodeNotFound, errors.New("no such key"))
	case http.StatusUnauthorized:
		return term.Exit(term.CodeDenied, fmt.Errorf("not authorised%s", a.reason()))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return term.Exit(term.CodeUnavailable, fmt.Errorf("the node is not available now%s", a.reason()))
	}
	return fmt.Errorf("the node answers %d%s", a.Status, a.reason())
}

// reason returns why, as far as the node says so, ready to end a message with.
func (a Answer) reason() string {
	reason := a.Header.Get("Owlcache-Error")
	if reason == "" && strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
		reason = strings.TrimSpace(string(a.Body[:min(len(a.Body), 300)]))
	}
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// Foreign returns what to say of an answer that no node gives.
func (c *Client) Foreign(a Answer) error {
	if err := a.Err(); err != nil && a.Status != http.StatusNotFound {
		return err
	}
	return c.foreign()
}

func (c *Client) foreign() error { return fmt.Errorf("%s is no owlcache node", c.Host()) }
