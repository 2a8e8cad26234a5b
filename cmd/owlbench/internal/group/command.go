package group

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// maxKeys fit into the memory that a node has for the answers of its members.
const maxKeys = 50_000

// Command is owlbench group.
func Command(out *report.Printer) *cobra.Command {
	f := node.Flags{Load: load.Options{Conns: 64, Keys: 10_000, Seconds: 3, Rounds: 5}}
	cmd := &cobra.Command{
		Use:   "group",
		Short: "Measure what it costs to ask a group of three nodes",
		Long: "Measure what it costs to ask the owlcache group. Three nodes are started here, on free ports of the\n" +
			"loopback address, with their files in a temporary directory. All have all keys; the newest values are\n" +
			"on another node than the one that is asked.\n\n" +
			"cached: the answers of the members are known; against get on /data/ of the same node, in turns.\n" +
			"uncached: no answer is kept, one request at a time; against the slowest member's own answer. In one\n" +
			"row a proxy holds back each answer of a member for 2 ms, as a network would.\n" +
			"burst: 1000 clients ask at once for a key that nobody has; the proxies count the requests.",
		Example: "  owlbench group\n  owlbench group --rounds 9 --seconds 1 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Load.Keys > maxKeys {
				return report.Usage(errors.New("--keys: want at most 50000, so that the answers of the members fit into the node's memory for them"))
			}
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				err := (&bench{Bench: b}).run(cmd.Context())
				return b.Report(), err
			})
		},
	}
	flags := cmd.Flags()
	f.Load.RegisterRounds(flags, "connections of the cached load, each with one request under way", "length of a round")
	flags.Uint64Var(&f.Load.Keys, "keys", f.Load.Keys, "number of keys")
	f.Register(flags)
	return cmd
}

// The targets: a share of the requests per second, a multiple of the median latency,
// requests to a member.
const (
	cachedTarget   = 0.5
	uncachedTarget = 1.5
	burstTarget    = 1
)

// farAway is how long a proxy holds back what a member answers.
const farAway = 2 * time.Millisecond

// bench has two members, each behind a proxy. The node that is asked is started for each
// measurement with its settings.
type bench struct {
	*node.Bench
	members []*node.Node
	proxies []*proxy
}

func (b *bench) run(ctx context.Context) error {
	defer func() {
		for _, p := range b.proxies {
			p.close()
		}
		for _, n := range b.members {
			n.Kill() // its data is of no more use
		}
	}()
	if err := b.FillNode(ctx, "asked"); err != nil {
		return err
	}
	for i, delay := range []time.Duration{farAway, 0} {
		// The keys of a member are newer than those of the nodes before.
		n, err := node.StartFilled(ctx, b.NodeOptions(fmt.Sprintf("member-%d", i+1), b.CPUs.Server, "WAL_Sync=no"), b.Options)
		if err != nil {
			return err
		}
		b.members = append(b.members, n)
		p, err := startProxy(n.Addr, delay)
		if err != nil {
			return err
		}
		b.proxies = append(b.proxies, p)
	}
	for _, part := range []func(context.Context) error{b.measureCached, b.measureFar, b.measureNear} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startAsked starts the node that is asked. It keeps the answers of these members for lifetime.
func (b *bench) startAsked(ctx context.Context, lifetime time.Duration, members []string) (*node.Node, error) {
	o := b.NodeOptions("asked", b.CPUs.Server, fmt.Sprintf("HttpClientRequestLocalCacheLifeTime=%d", lifetime.Milliseconds()))
	if err := node.WriteMembers(o.Dir, node.GroupFile, members); err != nil {
		return nil, err
	}
	return node.StartReady(ctx, o)
}

func (b *bench) behindProxies() (addrs []string) {
	for _, p := range b.proxies {
		addrs = append(addrs, p.addr)
	}
	return addrs
}

// asked returns how many requests each proxy has seen.
func (b *bench) asked() (counts []int64) {
	for _, p := range b.proxies {
		counts = append(counts, p.requests.Load())
	}
	return counts
}

func groupTarget(addr string, opts load.Options) load.Target {
	t := load.HTTPTarget(addr, "", opts)
	t.Name = "group"
	t.Get = load.NewTemplate(load.HTTPGet("/group_data/?cmd=get&key=" + load.AnyKey))
	return t
}

// measureCached compares a get in the group, all answers to which are known, with a local get.
// Then many clients ask at once.
func (b *bench) measureCached(ctx context.Context) error {
	n, err := b.startAsked(ctx, time.Hour, b.behindProxies())
	if err != nil {
		return err
	}
	defer n.Kill()
	group, local := groupTarget(n.Addr, b.Options), n.Target(b.Options)
	local.Name = "local"
	ask := group
	ask.Set = group.Get
	if err := load.Preload(ctx, &ask); err != nil {
		return err
	}
	before := b.asked()
	if err := b.Against(ctx, load.Get, "group get, cached", "local get", cachedTarget, &group, &local); err != nil {
		return err
	}
	if after := b.asked(); !slices.Equal(before, after) {
		return fmt.Errorf("cached: the members were asked all the same, %v times before and %v times after", before, after)
	}
	if err := b.measureBurst(ctx, n.Addr); err != nil {
		return err
	}
	return n.Terminate()
}
