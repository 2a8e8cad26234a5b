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
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

const (
	httpPort = "7721"
	syncPort = "7946"
)

// member is an owlcache in a network of its own.
type member struct {
	*node.Process
	node.API
	number  int
	program string
	dir     string
	addr    string // HOST:PORT on the network that is never cut
	id      string // of its data directory
	read    uint64 // up to which record its log was read
}

// startMember starts node number n, with node 1 as its seed, and waits until it
// serves.
func startMember(ctx context.Context, program, dir string, number int, password, key string) (*member, error) {
	addr := net.JoinHostPort(mgmtAddress(number), httpPort)
	m := &member{
		number: number, program: program, dir: filepath.Join(dir, netName(number)), addr: addr, API: node.API{URL: "http://" + addr},
	}
	seed := net.JoinHostPort(syncAddress(1), syncPort)
	if err := node.WriteMembers(m.dir, node.GossipFile, []string{seed}); err != nil {
		return nil, err
	}
	args := []string{"netns", "exec", netName(number), program, "serve", "--dir", m.dir, "--host", mgmtAddress(number), "--port", httpPort}
	// The log is to hold all writes.
	for _, setting := range append(node.Unfolded(), "GroupDataSync=1", "Gossipport="+syncPort, "Gossip_BindAddr="+syncAddress(number)) {
		args = append(args, "--set", setting)
	}
	var err error
	m.Process, err = node.StartServer(ctx, node.ProcessOptions{
		Name: netName(number), Path: "ip", Args: args, Dir: dir, CPU: cpu.Any,
		Env: []string{"OWLCACHE_PASS=" + password, "OWLCACHE_GOSSIPDATASYNCAUTHKEY=" + key},
	}, func() error { return m.Ready(ctx) })
	if err != nil {
		return nil, err
	}
	m.Token, err = load.Login(ctx, m.addr, password)
	if err == nil {
		m.id, _, err = m.group(ctx)
	}
	if err != nil {
		m.Kill()
		return nil, err
	}
	return m, nil
}

// group returns what a node says of its group: its own id, and how many others it takes as
// alive.
func (m *member) group(ctx context.Context) (id string, alive int, err error) {
	var state struct {
		Node  string
		Peers []struct{ State string }
	}
	err = m.JSON(ctx, "/admin/cluster", &state)
	for _, p := range state.Peers {
		if p.State == "alive" {
			alive++
		}
	}
	return state.Node, alive, err
}

// alive returns how many others a node takes as alive.
func (m *member) alive(ctx context.Context) (int, error) {
	_, alive, err := m.group(ctx)
	return alive, err
}

// entry is what a node says of an entry.
type entry struct {
	Key       []byte
	Version   string
	Tombstone bool
}

// buckets is how many parts the digest has, and bucketsAtOnce how many can be listed with
// one request.
const (
	buckets       = 4096
	bucketsAtOnce = 64
)

// entries returns all that the node holds, tombstones too.
func (m *member) entries(ctx context.Context) (map[string]entry, error) {
	all := map[string]entry{}
	for first := 0; first < buckets; first += bucketsAtOnce {
		var list []string
		for i := range bucketsAtOnce {
			list = append(list, strconv.Itoa(first+i))
		}
		body, err := m.Open(ctx, "/admin/cluster/entries?buckets="+strings.Join(list, ","))
		if err != nil {
			return nil, err
		}
		err = decodeAll(body, func(e entry) { all[string(e.Key)] = e })
		if err = errors.Join(err, body.Close()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// decodeAll calls each with all JSON objects that r gives.
func decodeAll[T any](r io.Reader, each func(T)) error {
	lines := json.NewDecoder(r)
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

// ownWrites returns the writes that the node has logged since the last call and that
// were made on it, in order.
func (m *member) ownWrites(ctx context.Context) (writes []loggedWrite, err error) {
	cmd := exec.CommandContext(ctx, m.program, "inspect", "log", m.dir, "-o", "json", "--from", strconv.FormatUint(m.read+1, 10))
	cmd.Env = node.WithoutOptions(os.Environ())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("owlcache inspect log: %w", err)
	}
	err = decodeAll(bytes.NewReader(out), func(w loggedWrite) {
		m.read = w.LSN
		if w.Node == m.id {
			writes = append(writes, w)
		}
	})
	return writes, err
}
