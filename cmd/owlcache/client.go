package main

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

// client talks to a node over HTTP.
type client struct {
	base     *url.URL
	http     http.Client
	password func() (string, error) // asked only when a command needs it
}

// param is a parameter of a command.
type param struct{ name, value string }

// answer is what a node says to a command.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// envelope is what commands answer that answer no raw value.
type envelope struct {
	Cmd           string
	Status        int
	Results       string
	Key           string
	Data          []byte
	ResponseHost  string
	KeyCreateTime time.Time
}

// newClient returns a client of the node at addr: host:port, host, or the URL
// of a proxy in front of it.
func newClient(addr string, timeout time.Duration, password func() (string, error)) (*client, error) {
	base, err := nodeURL(addr)
	if err != nil {
		return nil, err
	}
	c := &client{base: base, password: password}
	c.http.Timeout = timeout
	// No proxy of the environment: it would see the password. No redirects: a
	// node sends none, and the password must not follow one.
	c.http.Transport = &http.Transport{MaxResponseHeaderBytes: 1 << 20, MaxIdleConnsPerHost: diffWorkers}
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

// local tells whether the node is on this machine.
func (c *client) local() bool {
	host := c.base.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ask sends a command that needs no token.
func (c *client) ask(ctx context.Context, cmd string, params ...param) (answer, error) {
	return c.send(ctx, append([]param{{"cmd", cmd}}, params...))
}

// write logs in and sends a command that needs a token.
func (c *client) write(ctx context.Context, cmd string, params ...param) (answer, error) {
	token, err := c.logIn(ctx)
	if err != nil {
		return answer{}, err
	}
	return c.send(ctx, append([]param{{"cmd", cmd}, {"token", token}}, params...))
}

// logIn trades the password for a token.
func (c *client) logIn(ctx context.Context) (string, error) {
	password, err := c.password()
	if err != nil {
		return "", err
	}
	a, err := c.send(ctx, []param{{"cmd", "pass"}, {"pass", password}})
	if err != nil {
		return "", err
	}
	e, err := a.envelope()
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		return "", term.Exit(term.CodeDenied, fmt.Errorf("%s refused to log in%s", c.base.Host, a.reason()))
	}
	return string(e.Data), nil
}

// send posts the parameters of a command.
func (c *client) send(ctx context.Context, params []param) (answer, error) {
	a, err := c.post(ctx, c.base, params)
	if err != nil {
		return answer{}, err
	}
	return a, a.check(c.base.Host)
}

// post posts the parameters as a form: neither keys nor secrets are in the URL,
// where logs of proxies would keep them, and values need no escaping.
func (c *client) post(ctx context.Context, target *url.URL, params []param) (answer, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, p := range params {
		// Writing to a buffer does not fail.
		_ = form.WriteField(p.name, p.value)
	}
	_ = form.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), &body)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	return c.do(req)
}

// open sends a request. Whoever called it closes the body.
func (c *client) open(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", "owlcache/"+term.Version)
	resp, err := c.http.Do(req)
	if err != nil {
		if err := untrusted(c.base.Host, err); err != nil {
			return nil, err
		}
		return nil, unreachable(c.base.Host, err)
	}
	return resp, nil
}

// do sends a request and reads the whole answer.
func (c *client) do(req *http.Request) (answer, error) {
	resp, err := c.open(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	return c.read(resp)
}

// read reads the whole answer.
func (c *client) read(resp *http.Response) (answer, error) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, unreachable(c.base.Host, err)
	}
	if len(data) > maxAnswer {
		return answer{}, fmt.Errorf("%s answers with more than %d bytes", c.base.Host, maxAnswer)
	}
	return answer{resp.StatusCode, resp.Header, data}, nil
}

// check refuses what did not come from the data commands of a node: the page of
// another server is no value, and its 404 no missing key.
func (a answer) check(addr string) error {
	classic := a.header.Get("Keycreatetime") != ""
	if !classic && (a.status == http.StatusOK || a.status == http.StatusNotFound) {
		return fmt.Errorf("%s is no owlcache node", addr)
	}
	return nil
}

func unreachable(addr string, err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL, which the message names already
	}
	return term.Exit(term.CodeUnavailable, fmt.Errorf("%s does not answer: %w", addr, err))
}

// envelope decodes the body.
func (a answer) envelope() (envelope, error) {
	var e envelope
	if err := json.Unmarshal(a.body, &e); err != nil {
		if err := a.err(); err != nil {
			return envelope{}, err
		}
		return envelope{}, errors.New("the answer is not one of an owlcache node")
	}
	return e, nil
}

// err turns the status into an error with the exit code that it stands for.
func (a answer) err() error {
	switch a.status {
	case http.StatusOK:
		return nil
	case http.StatusNotFound:
		return term.Exit(term.CodeNotFound, errors.New("no such key"))
	case http.StatusUnauthorized:
		return term.Exit(term.CodeDenied, fmt.Errorf("not authorised%s", a.reason()))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return term.Exit(term.CodeUnavailable, fmt.Errorf("the node is not available now%s", a.reason()))
	}
	return fmt.Errorf("the node answers %d%s", a.status, a.reason())
}

// reason returns why, as far as the node says so, ready to end a message with.
func (a answer) reason() string {
	reason := a.header.Get("Owlcache-Error")
	if reason == "" && strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		reason = strings.TrimSpace(string(a.body[:min(len(a.body), 300)]))
	}
	if reason == "" {
		return ""
	}
	return ": " + reason
}
