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
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/api/status"
	"owlcache/cluster"
	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

const (
	// diffWorkers is how many batches of buckets are compared at once.
	diffWorkers = 4
	// diffAsked is how many buckets a node is asked for at once: as many as it answers.
	diffAsked = 64
	// diffEntries is how many entries of a node a batch holds, about.
	diffEntries = 100_000
	// diffMost bounds the entries in one answer, which are held in memory.
	diffMost = 2_000_000
	// diffSettle is the time between two looks at a difference.
	diffSettle = time.Second
	// diffPrefixes bounds the prefixes that are told apart.
	diffPrefixes = 100_000
)

// differ compares two nodes.
type differ struct {
	sides    [2]diffSide
	settle   time.Duration
	prefixes *term.Prefixes
	progress *term.Bar

	mu      sync.Mutex // protects what follows
	counts  map[string]*diffCount
	others  diffCount // of prefixes beyond diffPrefixes
	sum     diffCount
	buckets int // that differed at first
	done    int // of these
}

// diffSide is one of the nodes.
type diffSide struct {
	*client.Session
	node    string
	entries int64
	digest  []uint64
}

// diffCount counts differences. The first two are those of entries that only one node has.
type diffCount struct {
	only, newer [2]int64
	deletions   int64 // of these, the newer state is a deletion
}

func (c *diffCount) total() int64 { return c.only[0] + c.only[1] + c.newer[0] + c.newer[1] }

// add counts a difference.
func (c *diffCount) add(v versions) {
	side := v.newer()
	if v[1-side].IsZero() {
		c.only[side]++
	} else {
		c.newer[side]++
	}
	if v[side].tombstone {
		c.deletions++
	}
}

// entryState is what a node holds under a key. The zero value is nothing.
type entryState struct {
	engine.Version
	tombstone bool
}

// compare orders states by age, as nodes do when they merge.
func (s entryState) compare(o entryState) int {
	if c := s.Compare(o.Version); c != 0 || s.tombstone == o.tombstone {
		return c
	}
	if s.tombstone {
		return +1
	}
	return -1
}

// versions are what the two nodes hold under a key.
type versions [2]entryState

// run compares the digests and then what is in the buckets that differ.
func (d *differ) run(ctx context.Context) error {
	for i := range d.sides {
		if err := d.sides[i].fetchDigest(ctx); err != nil {
			return err
		}
	}
	var buckets []int
	for b := range engine.Buckets {
		if d.sides[0].digest[b] != d.sides[1].digest[b] {
			buckets = append(buckets, b)
		}
	}
	d.buckets = len(buckets)
	perBucket := max(d.sides[0].entries, d.sides[1].entries)/engine.Buckets + 1
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(diffWorkers)
	for batch := range slices.Chunk(buckets, int(max(1, diffEntries/perBucket))) {
		work.Go(func() error { return d.compare(ctx, batch) })
	}
	return work.Wait()
}

// compare counts what differs in some buckets.
func (d *differ) compare(ctx context.Context, buckets []int) error {
	first, err := d.look(ctx, buckets)
	if err != nil {
		return err
	}
	var lasting map[string]versions
	if len(first) > 0 {
		if !cluster.Pause(ctx, d.settle) {
			return ctx.Err()
		}
		second, err := d.look(ctx, buckets)
		if err != nil {
			return err
		}
		lasting = lastingDifferences(first, second)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, v := range lasting {
		d.sum.add(v)
		d.countLocked(key).add(v)
	}
	d.done += len(buckets)
	d.progress.Update(engine.Progress{Phase: "comparing", Done: int64(d.done), Total: int64(d.buckets), Unit: "buckets"})
	return nil
}

// countLocked returns where the differences with a key's prefix are counted.
func (d *differ) countLocked(key string) *diffCount {
	prefix := string(d.prefixes.Of([]byte(key)))
	c := d.counts[prefix]
	switch {
	case c != nil:
	case len(d.counts) >= diffPrefixes:
		return &d.others
	default:
		c = &diffCount{}
		d.counts[prefix] = c
	}
	return c
}

// newer tells on which side the newer state is.
func (v versions) newer() int {
	if v[1].compare(v[0]) > 0 {
		return 1
	}
	return 0
}

// lastingDifferences returns the differences at a second look that are no writes on
// their way: what the newer node held at the first look has not come to the other.
func lastingDifferences(first, second map[string]versions) map[string]versions {
	for key, now := range second {
		newer := now.newer()
		if first[key][newer].compare(now[1-newer]) <= 0 {
			delete(second, key)
		}
	}
	return second
}

// look returns the keys in some buckets under which the nodes hold different states.
func (d *differ) look(ctx context.Context, buckets []int) (map[string]versions, error) {
	different := map[string]versions{}
	for asked := range slices.Chunk(buckets, diffAsked) {
		query := bucketQuery(asked)
		err := d.sides[0].entriesOf(ctx, query, func(key []byte, state entryState) {
			different[string(key)] = versions{state}
		})
		if err != nil {
			return nil, err
		}
		err = d.sides[1].entriesOf(ctx, query, func(key []byte, state entryState) {
			v := different[string(key)]
			if v[1] = state; v[0] == v[1] {
				delete(different, string(key))
				return
			}
			different[string(key)] = v
		})
		if err != nil {
			return nil, err
		}
	}
	return different, nil
}

// fetchDigest asks for the digest.
func (s *diffSide) fetchDigest(ctx context.Context) error {
	var answer status.Digest
	if _, err := s.GetJSON(ctx, "admin/cluster/digest", &answer); err != nil {
		return err
	}
	if len(answer.Buckets) != engine.Buckets {
		return fmt.Errorf("%s compares by %d buckets and this program by %d: use the program of the node's version", s.Host(), len(answer.Buckets), engine.Buckets)
	}
	s.node, s.entries, s.digest = answer.Node, max(0, answer.Entries), make([]uint64, engine.Buckets)
	for i, text := range answer.Buckets {
		n, err := strconv.ParseUint(text, 16, 64)
		if err != nil {
			return fmt.Errorf("%s gives a digest that is none", s.Host())
		}
		s.digest[i] = n
	}
	return nil
}

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
	list := make([]string, len(buckets))
	for i, b := range buckets {
		list[i] = strconv.Itoa(b)
	}
	return url.Values{"buckets": {strings.Join(list, ",")}}.Encode()
}
