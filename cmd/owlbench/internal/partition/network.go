package partition

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// cut drops the packets from one node to another.
type cut struct {
	from, to int
	udp      bool // only these
}

const maxNodes = 64 // that the addresses are for

func netName(node int) string     { return fmt.Sprintf("node-%d", node) }
func mgmtAddress(node int) string { return fmt.Sprintf("10.1.%d.2", node) }
func syncAddress(node int) string { return fmt.Sprintf("10.2.0.%d", node) }

// buildNetwork makes a network name space for each node, numbered from 1, with two
// interfaces:
//
//	mgmt  10.1.N.2  to this process (10.1.N.1), never cut
//	sync  10.2.0.N  to a switch that all nodes share, for data sync
func buildNetwork(ctx context.Context, nodes int) error {
	steps := [][]string{{"", "link set lo up", "netns add switch"}, {"switch", "link add sync type bridge", "link set sync up"}}
	for node := 1; node <= nodes; node++ {
		name := netName(node)
		steps = append(steps, []string{
			"", "netns add " + name,
			fmt.Sprintf("link add %s type veth peer name mgmt netns %s", name, name),
			fmt.Sprintf("addr add 10.1.%d.1/30 dev %s", node, name),
			fmt.Sprintf("link set %s up", name),
		}, []string{
			"switch", fmt.Sprintf("link add %s type veth peer name sync netns %s", name, name),
			fmt.Sprintf("link set %s master sync", name),
			fmt.Sprintf("link set %s up", name),
		}, []string{
			name, "link set lo up",
			"addr add " + mgmtAddress(node) + "/30 dev mgmt", "link set mgmt up",
			"addr add " + syncAddress(node) + "/24 dev sync", "link set sync up",
			"rule add pref 100 lookup local", "rule del pref 0", // behind the rules of cuts
		})
	}
	for _, step := range steps {
		if err := ip(ctx, step[0], step[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// changeCuts adds or deletes cuts. Packets are dropped by the node that they are for, without
// a word, as a broken network does: by a rule of its routing.
func changeCuts(ctx context.Context, verb string, cuts []cut) error {
	rules := map[int][]string{} // of each node
	for _, c := range cuts {
		rule := fmt.Sprintf("rule %s pref %d iif sync from %s", verb, 10+c.from, syncAddress(c.from))
		if c.udp {
			rule += " ipproto udp"
		}
		rules[c.to] = append(rules[c.to], rule+" blackhole")
	}
	for node, list := range rules {
		if err := ip(ctx, netName(node), list...); err != nil {
			return err
		}
	}
	return nil
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
