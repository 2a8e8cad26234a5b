package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// Session asks a node for what takes a token, and keeps the token.
type Session struct {
	*Client

	mu    sync.Mutex // protects token, and logging in
	token string
}

// NewSession returns a session that begins with a token, "" = none.
func NewSession(c *Client, token string) *Session { return &Session{Client: c, token: token} }

// Token returns the token, a new one in place of spent.
func (s *Session) Token(ctx context.Context, spent string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != spent && s.token != "" {
		return s.token, nil
	}
	var err error
	s.token, err = s.LogIn(ctx)
	return s.token, err
}

// Get asks for a path. A token that is no longer taken is replaced once. Whoever called
// it closes the body.
func (s *Session) Get(ctx context.Context, path, query string) (*http.Response, error) {
	token, err := s.Token(ctx, "")
	if err != nil {
		return nil, err
	}
	target := s.Path(path)
	target.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.Open(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	_ = resp.Body.Close() // nothing is wanted of it
	if token, err = s.Token(ctx, token); err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return s.Open(req)
}

// Write sends a command that needs a token. One that is no longer taken is replaced once.
func (s *Session) Write(ctx context.Context, cmd string, params ...Param) (Answer, error) {
	token, err := s.Token(ctx, "")
	if err != nil {
		return Answer{}, err
	}
	params = append([]Param{{"token", token}, {"cmd", cmd}}, params...)
	a, err := s.Send(ctx, params)
	if err == nil && a.Status == http.StatusUnauthorized {
		if params[0].Value, err = s.Token(ctx, token); err != nil {
			return Answer{}, err
		}
		a, err = s.Send(ctx, params)
	}
	return a, err
}

// GetJSON asks for a path and decodes the answer into v. raw is the JSON as it came.
func (s *Session) GetJSON(ctx context.Context, path string, v any) (raw []byte, err error) {
	resp, err := s.Get(ctx, path, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	a, err := s.Read(resp)
	if err != nil {
		return nil, err
	}
	if err := s.Refused(a, path); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return nil, fmt.Errorf("%s does not answer /%s as an owlcache node does", s.Host(), path)
	}
	return a.Body, nil
}

// Refused returns what to say of an answer without what was asked for.
func (s *Session) Refused(a Answer, path string) error {
	if a.Status == http.StatusNotFound {
		return fmt.Errorf("%s knows no /%s: it is an older owlcache, or none", s.Host(), path)
	}
	if err := a.Err(); err != nil {
		return fmt.Errorf("%s: %w", s.Host(), err)
	}
	return nil
}
