package partition

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/node"
)

// member is an owlcache in a network of its own.
type member struct {
	*node.Node
	opts   node.Options
	number int
	id     string // of its data directory
	read   uint64 // up to which record its log was read
}

// startMember starts node number n, with node 1 as its seed, and waits until it serves.
func startMember(ctx context.Context, program, dir string, n int, password, key string) (*member, error) {
	m := &member{number: n, opts: node.Options{
		Program: program, Within: []string{"ip", "netns", "exec", netName(n)}, Dir: filepath.Join(dir, netName(n)),
		Addr: net.JoinHostPort(mgmtAddress(n), "7721"), Password: password, CPU: cpu.Any,
		Settings: append(node.Unfolded(), "Gossip_BindAddr="+syncAddress(n)), // the log is to hold all writes
	}}
	const syncPort = "7946"
	err := m.opts.JoinGroup(syncPort, key, net.JoinHostPort(syncAddress(1), syncPort))
	if err != nil {
		return nil, err
	}
	if m.Node, err = node.StartReady(ctx, m.opts); err != nil {
		return nil, err
	}
	if m.id, _, err = m.Group(ctx); err != nil {
		m.Kill()
		return nil, err
	}
	return m, nil
}

// entry is what a node says of an entry.
type entry struct {
	Key       []byte
	Version   string
	Tombstone bool
}

// entries returns all that the node holds, tombstones too.
func (m *member) entries(ctx context.Context) (map[string]entry, error) {
	const (
		buckets = 4096 // of the digest
		atOnce  = 64   // of them in one request
	)
	all := map[string]entry{}
	for first := 0; first < buckets; first += atOnce {
		var list []string
		for i := range atOnce {
			list = append(list, strconv.Itoa(first+i))
		}
		lines, err := m.Ask(ctx, "/admin/cluster/entries?buckets="+strings.Join(list, ","))
		if err == nil {
			err = decodeAll(lines, func(e entry) { all[string(e.Key)] = e })
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// decodeAll calls each with all JSON objects in text.
func decodeAll[T any](text []byte, each func(T)) error {
	lines := json.NewDecoder(bytes.NewReader(text))
	for {
		var v T
		if err := lines.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		each(v)
	}
}

// loggedWrite is an operation in the log of a node.
type loggedWrite struct {
	LSN     uint64
	Op      string // set, or tombstone
	Key     string
	Node    string
	Version string
}

// ownWrites returns what was written on the node since the last call, in order.
func (m *member) ownWrites(ctx context.Context) (writes []loggedWrite, err error) {
	cmd := exec.CommandContext(ctx, m.opts.Program, "inspect", "log", m.opts.Dir, "-o", "json", "--from", strconv.FormatUint(m.read+1, 10))
	cmd.Env = node.WithoutOptions(os.Environ())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("owlcache inspect log: %w", err)
	}
	err = decodeAll(out, func(w loggedWrite) {
		m.read = w.LSN
		if w.Node == m.id {
			writes = append(writes, w)
		}
	})
	return writes, err
}
