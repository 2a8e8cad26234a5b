package e2e

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Request sends a form to a node, on a connection of its own.
func Request(method, target string, form url.Values) (status int, body []byte, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: Patience}
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	if len(form) > 0 {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, errors.Join(err, resp.Body.Close())
}
