package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// session asks a node for what takes a token, and keeps the token.
type session struct {
	*client

	mu    sync.Mutex // protects token, and logging in
	token string
}

// logIn returns the token, a new one in place of spent.
func (s *session) logIn(ctx context.Context, spent string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != spent && s.token != "" {
		return s.token, nil
	}
	var err error
	s.token, err = s.client.logIn(ctx)
	return s.token, err
}

// get asks for a path. A token that is no longer taken is replaced once. Whoever called
// it closes the body.
func (s *session) get(ctx context.Context, path, query string) (*http.Response, error) {
	token, err := s.logIn(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := s.getWith(ctx, token, path, query)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	_ = resp.Body.Close() // nothing is wanted of it
	if token, err = s.logIn(ctx, token); err != nil {
		return nil, err
	}
	return s.getWith(ctx, token, path, query)
}

func (s *session) getWith(ctx context.Context, token, path, query string) (*http.Response, error) {
	target := s.path(path)
	target.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return s.open(req)
}

// getJSON asks for a path and decodes the answer into v. raw is the JSON as it came.
func (s *session) getJSON(ctx context.Context, path string, v any) (raw []byte, err error) {
	resp, err := s.get(ctx, path, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	a, err := s.read(resp)
	if err != nil {
		return nil, err
	}
	if err := s.refused(a, path); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		return nil, fmt.Errorf("%s does not answer /%s as an owlcache node does", s.base.Host, path)
	}
	return a.body, nil
}

// refused returns what to say of an answer without what was asked for.
func (s *session) refused(a answer, path string) error {
	if a.status == http.StatusNotFound {
		return fmt.Errorf("%s knows no /%s: it is an older owlcache, or none", s.base.Host, path)
	}
	if err := a.err(); err != nil {
		return fmt.Errorf("%s: %w", s.base.Host, err)
	}
	return nil
}

// bucketQuery names buckets of the digest.
func bucketQuery(buckets []int) string {
	list := ""
	for i, b := range buckets {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprint(b)
	}
	return url.Values{"buckets": {list}}.Encode()
}
