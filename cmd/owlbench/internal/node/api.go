package node

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"owlcache/cmd/owlbench/internal/load"
)

// API asks a running node what it says of itself.
type API struct {
	URL   string // without a path
	Token string // for what is under /admin/
}

// Ask asks for a path, which must be answered with status 200.
func (a API) Ask(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	// The node is on this machine and was started here: nobody is in between.
	client := http.Client{Timeout: load.AnswerPatience, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(fmt.Errorf("%s%s answers %d: %.200s", a.URL, path, resp.StatusCode, text), err)
	}
	return text, errors.Join(err, resp.Body.Close())
}

// JSON decodes the answer to a path.
func (a API) JSON(ctx context.Context, path string, v any) error {
	text, err := a.Ask(ctx, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// Ready returns nil when the node serves data.
func (a API) Ready(ctx context.Context) error {
	_, err := a.Ask(ctx, "/readyz")
	return err
}

// Digest returns the digest of the node's store, as it shows it.
func (a API) Digest(ctx context.Context) (string, error) {
	var digest struct{ Buckets json.RawMessage }
	err := a.JSON(ctx, "/admin/cluster/digest", &digest)
	if err == nil && len(digest.Buckets) == 0 {
		err = fmt.Errorf("%s shows no digest", a.URL)
	}
	return string(digest.Buckets), err
}

// Metrics returns the figures of a node, by name and labels.
func (a API) Metrics(ctx context.Context) (map[string]float64, error) {
	text, err := a.Ask(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	figures := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, " ")
		var v float64
		if _, err := fmt.Sscan(value, &v); err == nil { // else a comment
			figures[name] = v
		}
	}
	return figures, nil
}
