package partition

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	number  int
	program string
	dir     string
	addr    string // HOST:PORT on the network that is never cut
	token   string
	id      string // of its data directory
	read    uint64 // up to which record its log was read
}

// startMember starts node number n, with node 1 as its seed, and waits until it
// serves.
func startMember(ctx context.Context, program, dir string, number int, password, key string) (*member, error) {
	n := &member{
		number: number, program: program, dir: filepath.Join(dir, netName(number)),
		addr: net.JoinHostPort(mgmtAddress(number), httpPort),
	}
	seed := net.JoinHostPort(syncAddress(1), syncPort)
	if err := node.WriteMembers(n.dir, node.GossipFile, []string{seed}); err != nil {
		return nil, err
	}
	args := []string{"netns", "exec", netName(number), program, "serve", "--dir", n.dir, "--host", mgmtAddress(number), "--port", httpPort}
	// The log is to hold all writes.
	for _, setting := range append(node.Unfolded(), "GroupDataSync=1", "Gossipport="+syncPort, "Gossip_BindAddr="+syncAddress(number)) {
		args = append(args, "--set", setting)
	}
	var err error
	n.Process, err = node.StartServer(ctx, node.ProcessOptions{
		Name: netName(number), Path: "ip", Args: args, Dir: dir, CPU: cpu.Any,
		Env: []string{"OWLCACHE_PASS=" + password, "OWLCACHE_GOSSIPDATASYNCAUTHKEY=" + key},
	}, func() error { return load.AskOK(ctx, n.addr, "/readyz") })
	if err != nil {
		return nil, err
	}
	n.token, err = load.Login(ctx, n.addr, password)
	if err == nil {
		var state groupState
		err = n.ask(ctx, "/admin/cluster", &state)
		n.id = state.Node
	}
	if err != nil {
		n.Kill()
		return nil, err
	}
	return n, nil
}

// open asks for a path that takes a token. The caller closes the body.
func (n *member) open(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.addr+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+n.token)
	client := http.Client{Timeout: load.AnswerPatience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(resp.Body, 200))
		return nil, errors.Join(fmt.Errorf("%s%s answers %d: %s", n.addr, path, resp.StatusCode, text), err, resp.Body.Close())
	}
	return resp.Body, nil
}

func (n *member) ask(ctx context.Context, path string, v any) error {
	body, err := n.open(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(json.NewDecoder(body).Decode(v), body.Close())
}

// digest returns the digest of the node's store, as it shows it.
func (n *member) digest(ctx context.Context) (string, error) {
	var digest struct{ Buckets json.RawMessage }
	err := n.ask(ctx, "/admin/cluster/digest", &digest)
	if err == nil && len(digest.Buckets) == 0 {
		err = fmt.Errorf("%s shows no digest", n.addr)
	}
	return string(digest.Buckets), err
}

// groupState is what a node says of its group.
type groupState struct {
	Node  string
	Peers []struct{ State string }
}

// alive returns how many other nodes the node takes as alive.
func (n *member) alive(ctx context.Context) (alive int, err error) {
	var state groupState
	err = n.ask(ctx, "/admin/cluster", &state)
	for _, p := range state.Peers {
		if p.State == "alive" {
			alive++
		}
	}
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
func (n *member) entries(ctx context.Context) (map[string]entry, error) {
	all := map[string]entry{}
	for first := 0; first < buckets; first += bucketsAtOnce {
		var list []string
		for i := range bucketsAtOnce {
			list = append(list, strconv.Itoa(first+i))
		}
		body, err := n.open(ctx, "/admin/cluster/entries?buckets="+strings.Join(list, ","))
		if err != nil {
			return nil, err
		}
		lines := json.NewDecoder(body)
		for err == nil {
			var e entry
			if err = lines.Decode(&e); err == nil {
				all[string(e.Key)] = e
			}
		}
		if closed := body.Close(); !errors.Is(err, io.EOF) || closed != nil {
			return nil, errors.Join(err, closed)
		}
	}
	return all, nil
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
func (n *member) ownWrites(ctx context.Context) (writes []loggedWrite, err error) {
	cmd := exec.CommandContext(ctx, n.program, "inspect", "log", n.dir, "-o", "json", "--from", strconv.FormatUint(n.read+1, 10))
	cmd.Env = node.WithoutOptions(os.Environ())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := json.NewDecoder(bufio.NewReader(out))
	for err == nil {
		var w loggedWrite
		if err = lines.Decode(&w); err == nil {
			n.read = w.LSN
			if w.Node == n.id {
				writes = append(writes, w)
			}
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("owlcache inspect log: %w", err)
	}
	return writes, nil
}
