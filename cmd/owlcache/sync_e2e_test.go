package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"owlcache/api/status"
	"owlcache/cmd/owlcache/internal/e2e"

	"owlcache/engine/datadir"
)

// syncKey is the secret of all groups that are meant to be one.
const syncKey = "a secret of all nodes"

// syncedNode is a process with data sync.
type syncedNode struct {
	*groupNode
	settings map[string]string
	token    string
}

// newSyncedNodes returns nodes that know nothing of each other and are not started.
func newSyncedNodes(t *testing.T, n int) []*syncedNode {
	t.Helper()
	var nodes []*syncedNode
	addrs := freeAddresses(t, 2*n)
	for i := range n {
		g := &groupNode{t: t, addr: addrs[2*i], dir: filepath.Join(t.TempDir(), "data"), log: &e2e.Buffer{}}
		if err := os.Mkdir(g.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		node := &syncedNode{groupNode: g, settings: map[string]string{
			"GroupDataSync": "1", "GossipDataSyncAuthKey": syncKey, "HttpClientRequestLocalCacheLifeTime": "0",
		}}
		node.moveTo(addrs[2*i+1])
		nodes = append(nodes, node)
	}
	return nodes
}

// moveTo has the next start use this address for data sync.
func (n *syncedNode) moveTo(address string) {
	n.t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		n.t.Fatal(err)
	}
	n.settings["Gossipport"] = port
}

// sync returns the address of data sync.
func (n *syncedNode) sync() string { return "127.0.0.1:" + n.settings["Gossipport"] }

// seed writes the list of seeds by hand.
func (n *syncedNode) seed(seeds ...string) {
	n.t.Helper()
	list := make([]map[string]string, 0, len(seeds))
	for _, s := range seeds {
		list = append(list, map[string]string{"Address": s})
	}
	text, err := json.Marshal(list)
	if err == nil {
		err = os.WriteFile(filepath.Join(n.dir, datadir.GossipFile), text, 0o600)
	}
	if err != nil {
		n.t.Fatal(err)
	}
}

// launch starts the process with the settings of now.
func (n *syncedNode) launch() {
	n.t.Helper()
	_, port, err := net.SplitHostPort(n.addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.args = []string{"serve", "--dir", n.dir, "--port", port}
	for _, name := range slices.Sorted(maps.Keys(n.settings)) {
		n.args = append(n.args, "--set", name+"="+n.settings[name])
	}
	if n.cmd == nil {
		n.t.Cleanup(n.end)
	}
	n.start()
}

// end stops the process if it runs.
func (n *syncedNode) end() {
	if n.cmd.ProcessState == nil {
		n.stop()
	} else if n.t.Failed() {
		n.t.Logf("%s, which has ended:\n%s", n.addr, n.log)
	}
}

// up starts nodes and waits until they serve.
func up(nodes ...*syncedNode) {
	for _, n := range nodes {
		n.launch()
	}
	for _, n := range nodes {
		n.waitReady()
	}
}

// startGroup starts n nodes, of which all but the first have that as their seed, and
// waits until they are a group.
func startGroup(t *testing.T, n int) []*syncedNode {
	t.Helper()
	nodes := newSyncedNodes(t, n)
	for _, node := range nodes[1:] {
		node.seed(nodes[0].sync())
	}
	up(nodes...)
	meet(nodes...)
	return nodes
}

// ask sends a request with a token, which outlives restarts.
func (n *syncedNode) ask(method, path string, form url.Values) (int, []byte, error) {
	n.t.Helper()
	if n.token == "" {
		n.token = loginToken(n.t, n.addr, groupPassword)
	}
	target := "http://" + n.addr + path
	if form == nil {
		return e2e.Request(method, target+"?"+url.Values{"token": {n.token}}.Encode(), nil)
	}
	form.Set("token", n.token)
	return e2e.Request(method, target, form)
}

// write does a command on a key; the answer must be one of these.
func (n *syncedNode) write(form url.Values, want ...int) {
	n.t.Helper()
	status, body, err := n.ask(http.MethodPost, "/data/", form)
	if err != nil || !slices.Contains(want, status) {
		n.t.Fatalf("%s: %s: %d, %s, %v", n.addr, form.Get("cmd"), status, body, err)
	}
}

func (n *syncedNode) set(key, value string) {
	n.t.Helper()
	n.write(url.Values{"cmd": {"set"}, "key": {key}, "valuedata": {value}}, http.StatusOK)
}

func (n *syncedNode) setFor(key, value, seconds string) {
	n.t.Helper()
	n.write(url.Values{"cmd": {"set"}, "key": {key}, "valuedata": {value}, "exptime": {seconds}}, http.StatusOK)
}

func (n *syncedNode) expire(key, seconds string) {
	n.t.Helper()
	n.write(url.Values{"cmd": {"expire"}, "key": {key}, "exptime": {seconds}}, http.StatusOK)
}

func (n *syncedNode) del(key string) {
	n.t.Helper()
	n.write(url.Values{"cmd": {"delete"}, "key": {key}}, http.StatusOK)
}

// answers tells whether the node has value under key, or nothing if value is "".
func (n *syncedNode) answers(key, value string) error {
	status, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/data/?"+url.Values{"cmd": {"get"}, "key": {key}}.Encode(), nil)
	want := http.StatusOK
	if value == "" {
		want = http.StatusNotFound
	}
	if err == nil && (status != want || string(body) != value) {
		err = fmt.Errorf("%s of %s is %d, %q; want %d, %q", key, n.addr, status, body, want, value)
	}
	return err
}

// hold waits until all nodes have value under key, or nothing if value is "".
func hold(key, value string, nodes ...*syncedNode) {
	for _, n := range nodes {
		n.t.Helper()
		n.eventually("have "+value+" under "+key, func() error { return n.answers(key, value) })
	}
}

// holdAll checks what the nodes have under some keys now.
func holdAll(want map[string]string, nodes ...*syncedNode) {
	for _, n := range nodes {
		n.t.Helper()
		for key, value := range want {
			if err := n.answers(key, value); err != nil {
				n.t.Error(err)
			}
		}
	}
}

// state returns what the node knows of its group.
func (n *syncedNode) state() (status.Sync, error) {
	var state status.Sync
	return state, n.getJSON("/admin/cluster", &state)
}

func (n *syncedNode) getJSON(path string, v any) error {
	status, body, err := n.ask(http.MethodGet, path, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s%s: %d, %s", n.addr, path, status, body)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// peer returns what the node knows of the peer at an address.
func (n *syncedNode) peer(address string) (status.Peer, error) {
	state, err := n.state()
	if err != nil {
		return status.Peer{}, err
	}
	i := slices.IndexFunc(state.Peers, func(p status.Peer) bool { return p.Address == address })
	if i < 0 {
		return status.Peer{}, fmt.Errorf("%s knows nobody at %s: %+v", n.addr, address, state.Peers)
	}
	return state.Peers[i], nil
}

// finds waits until the node says that the peer at an address is in one of these states.
func (n *syncedNode) finds(address string, states ...string) (p status.Peer) {
	n.t.Helper()
	n.eventually("find "+address+" "+strings.Join(states, " or "), func() (err error) {
		if p, err = n.peer(address); err == nil && !slices.Contains(states, p.State) {
			err = fmt.Errorf("it is %s", p.State)
		}
		return err
	})
	return p
}

// meet waits until all nodes find each other alive, and nobody else.
func meet(nodes ...*syncedNode) {
	for _, n := range nodes {
		n.t.Helper()
		for _, peer := range nodes {
			if peer != n {
				n.finds(peer.sync(), "alive")
			}
		}
		if state, err := n.state(); err != nil || len(state.Peers) != len(nodes)-1 {
			n.t.Fatalf("%s: %v, peers %+v", n.addr, err, state.Peers)
		}
	}
}

// agree waits until the digests of all nodes are equal.
func agree(nodes ...*syncedNode) {
	type digest struct {
		Entries int
		Buckets []string
	}
	first := nodes[0]
	first.t.Helper()
	for _, n := range nodes[1:] {
		n.eventually("hold the same as "+first.addr, func() error {
			var a, b digest
			if err := errors.Join(first.getJSON("/admin/cluster/digest", &a), n.getJSON("/admin/cluster/digest", &b)); err != nil {
				return err
			}
			if len(a.Buckets) == 0 || !slices.Equal(a.Buckets, b.Buckets) {
				return fmt.Errorf("%d and %d entries, digests differ", a.Entries, b.Entries)
			}
			return nil
		})
	}
}

// badFrames returns how many frames the node has refused.
func (n *syncedNode) badFrames() uint64 {
	n.t.Helper()
	state, err := n.state()
	if err != nil {
		n.t.Fatal(err)
	}
	return state.Counters.BadFrames
}
