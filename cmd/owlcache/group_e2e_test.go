package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"owlcache/api/status"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// groupPassword is that of all nodes.
const groupPassword = "correct horse battery"

// askLimit is how long a query may take, as the nodes are told. So that a busy machine is
// no finding, the tests allow ten times that.
const askLimit = time.Second

// groupNode is a process that may be killed and started again, with the same address and
// data.
type groupNode struct {
	t       *testing.T
	addr    string
	program string // "": owlcache
	args    []string
	dir     string
	cmd     *exec.Cmd
	log     *e2e.Buffer
}

// startGroupNodes starts a node for each mode. They know nothing of each other.
func startGroupNodes(t *testing.T, modes []string) []*groupNode {
	t.Helper()
	var nodes []*groupNode
	for i, addr := range freeAddresses(t, len(modes)) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		n := &groupNode{t: t, addr: addr, dir: filepath.Join(t.TempDir(), "data"), log: &e2e.Buffer{}}
		n.args = []string{"serve", "--dir", n.dir, "--port", port}
		for _, setting := range []string{
			"GroupData_Mode=" + modes[i], "HttpClientRequestLocalCacheLifeTime=0",
			fmt.Sprint("HttpClientRequestTimeout=", askLimit.Milliseconds()),
			"Websocket_Client_MinRecTime=1", "Websocket_Client_MaxRecTime=1",
		} {
			n.args = append(n.args, "--set", setting)
		}
		n.start()
		t.Cleanup(n.stop)
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		n.waitReady()
	}
	return nodes
}

// freeAddresses returns addresses that nobody listens at.
func freeAddresses(t *testing.T, n int) (addrs []string) {
	t.Helper()
	for range n {
		addr, err := e2e.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, addr)
	}
	return addrs
}

func (n *groupNode) start() {
	n.t.Helper()
	n.cmd = exec.Command(cmp.Or(n.program, "owlcache"), n.args...)
	n.cmd.Stderr = n.log
	n.cmd.Env = append(os.Environ(), "OWLCACHE_PASS="+groupPassword, "GORACE=atexit_sleep_ms=0")
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
}

func (n *groupNode) waitReady() {
	n.t.Helper()
	n.eventually("be ready", func() error {
		status, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/readyz", nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d %s", status, body)
		}
		return err
	})
}

// kill ends the process as a crash would.
func (n *groupNode) kill() {
	n.t.Helper()
	if err := n.cmd.Process.Kill(); err != nil {
		n.t.Fatal(err)
	}
	_ = n.cmd.Wait() // says that it was killed
}

func (n *groupNode) restart() {
	n.t.Helper()
	n.start()
	n.waitReady()
}

// stop ends the process as an operator does.
func (n *groupNode) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	hung := time.AfterFunc(e2e.Patience, func() { _ = n.cmd.Process.Kill() })
	defer hung.Stop()
	if err := n.cmd.Wait(); err != nil && !n.t.Failed() {
		n.t.Errorf("%s: %v", n.addr, err)
	}
	if n.t.Failed() {
		n.t.Logf("%s:\n%s", n.addr, n.log)
	}
}

// eventually polls a condition.
func (n *groupNode) eventually(what string, condition func() error) {
	n.t.Helper()
	for deadline := time.Now().Add(e2e.Patience); ; time.Sleep(5 * time.Millisecond) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("%s: waited %v for it to %s: %v", n.addr, e2e.Patience, what, err)
		}
	}
}

// do sends a form with a token to path and returns the answer, which must be a success.
func (n *groupNode) do(path string, form url.Values) []byte {
	n.t.Helper()
	form.Set("token", loginToken(n.t, n.addr, groupPassword))
	status, body, err := e2e.Request(http.MethodPost, "http://"+n.addr+path, form)
	if err != nil || status != http.StatusOK {
		n.t.Fatalf("%s%s: %d, %s, %v", n.addr, path, status, body, err)
	}
	return body
}

func (n *groupNode) set(key, value string) {
	n.t.Helper()
	n.do("/data/", url.Values{"cmd": {"set"}, "key": {key}, "valuedata": {value}})
}

func (n *groupNode) addMember(address string) {
	n.t.Helper()
	n.do("/server/", url.Values{"cmd": {"add"}, "address": {address}})
}

// members returns the addresses in the list of the node.
func (n *groupNode) members() string {
	n.t.Helper()
	var answer struct{ Data []struct{ Address string } }
	if err := json.Unmarshal(n.do("/server/", url.Values{"cmd": {"getall"}}), &answer); err != nil {
		n.t.Fatal(err)
	}
	var all []string
	for _, m := range answer.Data {
		all = append(all, m.Address)
	}
	return strings.Join(all, " ")
}

// editMembers writes the list of the node by hand, and waits until it is taken up.
func (n *groupNode) editMembers(members ...string) {
	n.t.Helper()
	file := make([]map[string]string, 0, len(members))
	for _, m := range members {
		file = append(file, map[string]string{"Address": m})
	}
	text, err := json.Marshal(file)
	if err == nil {
		err = os.WriteFile(filepath.Join(n.dir, datadir.GroupFile), text, 0o600)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	n.eventually("take up its edited list", func() error {
		if have := n.members(); have != strings.Join(members, " ") {
			return fmt.Errorf("it has %q", have)
		}
		return nil
	})
}

// ask asks the node for a key in the group. Whatever the members do, it has to answer
// soon.
func (n *groupNode) ask(key, info, target string) (int, []byte, error) {
	n.t.Helper()
	query := url.Values{"cmd": {"get"}, "key": {key}, "valuedata": {info}, "target": {target}}
	started := time.Now()
	status, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/group_data/?"+query.Encode(), nil)
	if took := time.Since(started); took > 10*askLimit {
		n.t.Fatalf("%s: answered after %v; the limit of a query is %v", n.addr, took, askLimit)
	}
	return status, body, err
}

// has waits until the node finds value as the newest of a key, or nothing if value is
// empty; with a target, there.
func (n *groupNode) has(key, target, value string) {
	n.t.Helper()
	want := http.StatusOK
	if value == "" {
		want = http.StatusNotFound
	}
	n.eventually("answer "+value, func() error {
		status, body, err := n.ask(key, "", target)
		if err == nil && (status != want || string(body) != value) {
			err = fmt.Errorf("%s of target %q: %d, %q", key, target, status, body)
		}
		return err
	})
}

// lists waits until the node finds, in this order and with different times, want: of each
// node that has the key its address, "=" and the value.
func (n *groupNode) lists(key, target string, want ...string) {
	n.t.Helper()
	n.eventually("list "+strings.Join(want, " "), func() error {
		_, body, err := n.ask(key, "info", target)
		if err != nil {
			return err
		}
		var found []struct {
			Address       string
			Data          []byte
			Key           string
			KeyCreateTime time.Time
			Status        int
		}
		if err := json.Unmarshal(body, &found); err != nil {
			return fmt.Errorf("%s: %w", body, err)
		}
		var have []string
		for i, f := range found {
			have = append(have, f.Address+"="+string(f.Data))
			if f.Key != key || f.Status != http.StatusOK || i > 0 && !f.KeyCreateTime.Before(found[i-1].KeyCreateTime) {
				return fmt.Errorf("%s", body)
			}
		}
		if strings.Join(have, " ") != strings.Join(want, " ") {
			return fmt.Errorf("it lists %q", have)
		}
		return nil
	})
}

// sees waits until the node says that a member is in this state.
func (n *groupNode) sees(member, state string) {
	n.t.Helper()
	n.eventually("see "+member+" "+state, func() error {
		var stdout, stderr strings.Builder
		args := []string{"group", "-o", "json", "--addr", n.addr}
		code := run(n.t.Context(), args, []string{"OWLCACHE_PASS=" + groupPassword}, strings.NewReader(""), &stdout, &stderr)
		var group status.Groups
		if err := json.Unmarshal([]byte(stdout.String()), &group); err != nil || code != term.CodeOK {
			return fmt.Errorf("exit code %d, %w: %s", code, err, stderr.String())
		}
		for _, m := range group.Owlcache {
			if m.Address == member && m.State == state {
				return nil
			}
		}
		return fmt.Errorf("it sees %+v", group.Owlcache)
	})
}

// TestGroupOfProcesses lets three nodes answer together, and one of them crash, hang and
// come back.
func TestGroupOfProcesses(t *testing.T) {
	for name, modes := range map[string][]string{
		"Http":      {"Http", "Http", "Http"},
		"Websocket": {"Websocket", "Websocket", "Websocket"},
		"mixed":     {"Http", "Websocket", "Http"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := startGroupNodes(t, modes)
			a, b, c := nodes[0], nodes[1], nodes[2]
			all := []string{a.addr, b.addr, c.addr}
			for _, member := range all {
				a.addMember(member)
				c.addMember(member)
			}
			b.editMembers(all...)
			answerTogether(t, a, b, c)
			crash(a, b, c)
			hang(a, b, c)
			keepMembers(t, a, b, c)
		})
	}
}

// answerTogether leaves a2, c and b under the key k, from the newest to the oldest.
func answerTogether(t *testing.T, a, b, c *groupNode) {
	t.Helper()
	a.set("k", "a")
	b.set("k", "b")
	c.set("k", "c")
	for _, n := range []*groupNode{a, b, c} {
		n.has("k", "", "c")
		n.lists("k", "", c.addr+"=c", b.addr+"=b", a.addr+"=a")
		n.lists("k", b.addr, b.addr+"=b")
		n.has("k", a.addr, "a")
		n.has("k", "127.0.0.1:1", "") // is no member
		n.lists("k", "127.0.0.1:1")
		n.has("none", "", "")
		n.lists("none", "")
	}
	a.set("k", "a2")
	for _, n := range []*groupNode{a, b, c} {
		n.has("k", "", "a2")
		n.lists("k", "", a.addr+"=a2", c.addr+"=c", b.addr+"=b")
		for _, member := range []*groupNode{a, b, c} {
			n.sees(member.addr, "up")
		}
	}
	b.set("of b", "only") // with a space, which a WebSocket message cannot carry
	c.has("of b", "", "only")
	if t.Failed() {
		t.FailNow()
	}
}

// crash kills b, whose list was written by hand, and starts it again.
func crash(a, b, c *groupNode) {
	b.kill()
	for _, n := range []*groupNode{a, c} {
		n.lists("k", "", a.addr+"=a2", c.addr+"=c")
		n.has("k", "", "a2")
		n.has("k", b.addr, "")
		n.sees(b.addr, "down")
	}
	b.restart() // its own list, written by hand, is there again too
	for _, n := range []*groupNode{a, b, c} {
		n.lists("k", "", a.addr+"=a2", c.addr+"=c", b.addr+"=b")
	}
	a.sees(b.addr, "up")
}

// hang makes b a node that takes connections and answers nothing, for a time.
func hang(a, b, c *groupNode) {
	thaw := freeze(b.t, b.cmd.Process)
	a.lists("k", "", a.addr+"=a2", c.addr+"=c")
	a.sees(b.addr, "down")
	thaw()
	a.lists("k", "", a.addr+"=a2", c.addr+"=c", b.addr+"=b")
}

// keepMembers shows that a list outlives a crash, and follows its file.
func keepMembers(t *testing.T, a, b, c *groupNode) {
	t.Helper()
	a.kill()
	a.restart()
	if have, want := a.members(), strings.Join([]string{a.addr, b.addr, c.addr}, " "); have != want {
		t.Errorf("%s: after a crash its members are %q, want %q", a.addr, have, want)
	}
	a.lists("k", "", a.addr+"=a2", c.addr+"=c", b.addr+"=b")
	a.editMembers(c.addr, a.addr)
	a.lists("k", "", a.addr+"=a2", c.addr+"=c")
	a.has("of b", "", "")
	c.editMembers(b.addr) // the node itself answers also when the list does not name it
	c.lists("k", "", c.addr+"=c", b.addr+"=b")
	c.has("of b", "", "only")
}
