package clustercmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"owlcache/cluster"
	"owlcache/cmd/owlcache/internal/client"
	"owlcache/engine"
)

const (
	// maxEntryLine bounds a line of /admin/cluster/entries in bytes: a key in base64 and
	// what is known of its entry.
	maxEntryLine = engine.MaxKeySize*4/3 + 4<<10
	// A node that sends as many lists as it likes to is asked again so often and after such a pause.
	busyTries = 30
	busyPause = time.Second
)

// entriesOf calls f with each entry in the buckets of a query. key is valid during the call.
func (s *diffSide) entriesOf(ctx context.Context, query string, f func(key []byte, state entryState)) error {
	resp, err := s.openEntries(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxEntryLine)
	n := 0
	for lines.Scan() {
		key, state, err := parseEntryLine(lines.Bytes())
		if err != nil {
			return fmt.Errorf("%s lists an entry that is none: %w", s.Host(), err)
		}
		if n++; n > diffMost {
			return fmt.Errorf("%s has more than %d entries in a few of %d buckets, which is more than this program holds in memory", s.Host(), diffMost, engine.Buckets)
		}
		f(key, state)
	}
	if err := lines.Err(); err != nil {
		return client.Unreachable(s.Host(), fmt.Errorf("reading its entries: %w", err))
	}
	return nil
}

// openEntries asks for a list, later again if the node is busy with others.
func (s *diffSide) openEntries(ctx context.Context, query string) (*http.Response, error) {
	const path = "admin/cluster/entries"
	for try := 1; ; try++ {
		resp, err := s.Get(ctx, path, query)
		if err != nil || resp.StatusCode == http.StatusOK {
			return resp, err
		}
		a, err := s.Read(resp)
		_ = resp.Body.Close() // only read from
		if err != nil {
			return nil, err
		}
		if a.Status != http.StatusServiceUnavailable || try == busyTries {
			if err = s.Refused(a, path); err == nil {
				err = fmt.Errorf("%s: %w", s.Host(), io.ErrUnexpectedEOF)
			}
			return nil, err
		}
		if !cluster.Pause(ctx, busyPause) {
			return nil, ctx.Err()
		}
	}
}

// parseEntryLine reads one line of /admin/cluster/entries.
func parseEntryLine(line []byte) (key []byte, state entryState, err error) {
	var entry struct {
		Key       []byte `json:"key"`
		Version   string `json:"version"`
		Tombstone bool   `json:"tombstone"`
	}
	if err := json.Unmarshal(line, &entry); err != nil {
		return nil, entryState{}, err
	}
	if len(entry.Key) == 0 {
		return nil, entryState{}, errors.New("it has no key")
	}
	version, err := parseVersion(entry.Version)
	return entry.Key, entryState{version, entry.Tombstone}, err
}

// parseVersion reads what engine.Version.String writes.
func parseVersion(s string) (engine.Version, error) {
	millis, rest, _ := strings.Cut(s, ".")
	counter, node, _ := strings.Cut(rest, "@")
	ms, msErr := strconv.ParseUint(millis, 10, 48)
	n, countErr := strconv.ParseUint(counter, 10, 16)
	id, idErr := strconv.ParseUint(node, 16, 64)
	v := engine.Version{Time: ms<<16 | n, Node: id}
	if msErr != nil || countErr != nil || idErr != nil || v.IsZero() {
		return engine.Version{}, fmt.Errorf("version %q is none", s)
	}
	return v, nil
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
