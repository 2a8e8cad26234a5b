package compare

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// Command is owlbench compare.
func Command(out *report.Printer) *cobra.Command {
	var f node.Flags
	var only []string
	names := report.PartNames(parts(nil))
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Compare a node with its peers, side by side",
		Long: "Compare a node with its peers, side by side, on this machine. All servers are started here, on free\n" +
			"ports of the loopback address, with their files in a temporary directory. The servers share one\n" +
			"CPU, the load generator has another. Both sides of a comparison take turns, round by round; the\n" +
			"figures are medians of the rounds.\n\n" +
			"Peers whose programs are not installed (redis-server, webdis, nginx) are left out, with a line that says so.",
		Example: "  owlbench compare\n  owlbench compare --only get,restart --rounds 9 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := report.CheckOnly(only, "part", names); err != nil {
				return err
			}
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				b.NoteShared()
				err := b.RunParts(cmd.Context(), parts(&comparison{Bench: b}), only)
				return b.Report(), err
			})
		},
	}
	flags := cmd.Flags()
	f.Load.Register(flags)
	flags.StringSliceVar(&only, "only", nil, "`parts` to do, of "+strings.Join(names, ", ")+"; empty does all")
	f.Register(flags)
	return cmd
}

// comparison is a run of owlbench compare. Its parts share one data directory.
type comparison struct {
	*node.Bench
	filled bool // the data directory holds all keys
}

const nodeName = "node"

// parts returns all comparisons. Each leaves the data directory as the next wants it.
func parts(c *comparison) []report.Part {
	return []report.Part{
		{Name: "get", Run: c.compareGet},
		{Name: "restart", Run: c.compareRestart},
		{Name: "set", Run: c.compareSet},
		{Name: "more", Run: c.compareMore},
	}
}

// startNode starts a node with all keys. The log stays unfolded.
func (c *comparison) startNode(ctx context.Context, settings ...string) (*node.Node, load.Target, error) {
	if err := c.fill(ctx); err != nil {
		return nil, load.Target{}, err
	}
	n, err := node.StartReady(ctx, c.NodeOptions(nodeName, c.CPUs.Server, settings...))
	if err != nil {
		return nil, load.Target{}, err
	}
	return n, n.Target(c.Options), nil
}

func (c *comparison) fill(ctx context.Context) error {
	if c.filled {
		return nil
	}
	c.filled = true
	return c.FillNode(ctx, nodeName)
}

func (c *comparison) compareGet(ctx context.Context) error {
	n, owl, err := c.startNode(ctx)
	if err != nil {
		return err
	}
	defer n.Kill()
	peer, bare, err := c.startBare(ctx)
	if err != nil {
		return err
	}
	defer peer.Kill()
	if err := c.Against(ctx, load.Get, "get", "bare fasthttp and a map", 0.85, &owl, &bare); err != nil {
		return err
	}
	return n.Terminate()
}

// compareSet measures durable writes over HTTP, with an fsync before each answer.
func (c *comparison) compareSet(ctx context.Context) error {
	if c.Missing("set", "redis-server", "webdis") {
		return nil
	}
	n, owl, err := c.startNode(ctx, "WAL_Sync=always")
	if err != nil {
		return err
	}
	defer n.Kill()
	r, native, err := c.StartFilledRedis(ctx, "redis-aof", c.CPUs.Server, node.FsyncAlways()...)
	if err != nil {
		return err
	}
	defer r.Kill()
	w, peer, err := c.StartWebdis(ctx, r.Port, c.Options)
	if err != nil {
		return err
	}
	defer w.Kill()
	const what = "set, fsync always"
	if err := c.Against(ctx, load.Set, what, "webdis and redis, fsync always", 1.5, &owl, &peer); err != nil {
		return err
	}
	if err := c.Against(ctx, load.Set, what, "redis, own protocol, fsync always", 0, &owl, &native); err != nil {
		return err
	}
	return n.Terminate()
}

func (c *comparison) compareMore(ctx context.Context) error {
	n, owl, err := c.startNode(ctx)
	if err != nil {
		return err
	}
	defer n.Kill()
	if !c.Missing("get against nginx", "nginx") {
		p, peer, err := c.StartNginx(ctx, c.Options)
		if err != nil {
			return err
		}
		defer p.Kill()
		if err := c.Against(ctx, load.Get, "get", "nginx, static files", 0, &owl, &peer); err != nil {
			return err
		}
		p.Kill()
	}
	if !c.Missing("get against redis", "redis-server") {
		r, peer, err := c.StartFilledRedis(ctx, "redis-get", c.CPUs.Server, node.InMemory()...)
		if err != nil {
			return err
		}
		defer r.Kill()
		if err := c.Against(ctx, load.Get, "get", "redis, own protocol", 0, &owl, &peer); err != nil {
			return err
		}
	}
	return n.Terminate()
}
