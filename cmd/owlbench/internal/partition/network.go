package partition

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// network is a network name space for each node, numbered from 1, with two
// interfaces:
//
//	mgmt  10.1.N.2  to this process (10.1.N.1), never cut
//	sync  10.2.0.N  to a switch that all nodes share, for data sync
//
// Packets are dropped by the node that they are for, without a word, as a broken network
// does: a rule of its routing says that there is no way to it for what comes from some
// other node. Such rules have to come before the one for the node's own addresses, which
// is moved.
type network struct {
	nodes int
	cuts  []cut // of now
}

type cut struct {
	from, to int  // nodes, whose packets are dropped in this direction
	udp      bool // only these
}

const maxNodes = 64 // that the addresses are for

func netName(node int) string     { return fmt.Sprintf("node-%d", node) }
func mgmtAddress(node int) string { return fmt.Sprintf("10.1.%d.2", node) }
func syncAddress(node int) string { return fmt.Sprintf("10.2.0.%d", node) }

func (n *network) build(ctx context.Context) error {
	err := ip(ctx, "", "link set lo up", "netns add switch")
	if err == nil {
		err = ip(ctx, "switch", "link add sync type bridge", "link set sync up")
	}
	for i := 1; i <= n.nodes && err == nil; i++ {
		err = n.addNode(ctx, i)
	}
	return err
}

func (n *network) addNode(ctx context.Context, node int) error {
	name := netName(node)
	err := ip(ctx, "",
		"netns add "+name,
		fmt.Sprintf("link add %s type veth peer name mgmt netns %s", name, name),
		fmt.Sprintf("addr add 10.1.%d.1/30 dev %s", node, name),
		fmt.Sprintf("link set %s up", name))
	if err == nil {
		err = ip(ctx, "switch",
			fmt.Sprintf("link add %s type veth peer name sync netns %s", name, name),
			fmt.Sprintf("link set %s master sync", name),
			fmt.Sprintf("link set %s up", name))
	}
	if err == nil {
		err = ip(ctx, name,
			"link set lo up",
			"addr add "+mgmtAddress(node)+"/30 dev mgmt", "link set mgmt up",
			"addr add "+syncAddress(node)+"/24 dev sync", "link set sync up",
			"rule add pref 100 lookup local", "rule del pref 0")
	}
	return err
}

// cut makes cuts, besides those that there are.
func (n *network) cut(ctx context.Context, cuts []cut) error {
	n.cuts = append(n.cuts, cuts...)
	return n.change(ctx, "add", cuts)
}

func (n *network) heal(ctx context.Context) error {
	cuts := n.cuts
	n.cuts = nil
	return n.change(ctx, "del", cuts)
}

// change adds or deletes the rules of cuts, of each node in one go.
func (n *network) change(ctx context.Context, verb string, cuts []cut) error {
	for node := 1; node <= n.nodes; node++ {
		var rules []string
		for _, c := range cuts {
			if c.to == node {
				rules = append(rules, c.rule(verb))
			}
		}
		if len(rules) == 0 {
			continue
		}
		if err := ip(ctx, netName(node), rules...); err != nil {
			return err
		}
	}
	return nil
}

func (c cut) rule(verb string) string {
	rule := fmt.Sprintf("rule %s pref %d iif sync from %s", verb, 10+c.from, syncAddress(c.from))
	if c.udp {
		rule += " ipproto udp"
	}
	return rule + " blackhole"
}

// ip runs commands of the program ip in a network name space, "" = that of this process.
func ip(ctx context.Context, namespace string, commands ...string) error {
	args := []string{"-batch", "-"}
	if namespace != "" {
		args = append([]string{"-netns", namespace}, args...)
	}
	cmd := exec.CommandContext(ctx, "ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(commands, "; ip "), err, out)
	}
	return nil
}
