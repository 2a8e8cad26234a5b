package compare

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/valyala/fasthttp"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// BareCommand is the yardstick of reads: the HTTP server that owlcache is built
// on, with nothing but a map behind it.
func BareCommand() *cobra.Command {
	var addr string
	var keys uint64
	var value int
	cmd := &cobra.Command{
		Use:    "bare",
		Short:  "Serve keys from a map with a bare HTTP server",
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m := &bareMap{values: make(map[string][]byte, keys)}
			sample := load.SampleValue(value)
			for i := range keys {
				m.values[load.KeyName(i)] = []byte(sample) // a copy for each, as in a cache
			}
			return serveBare(cmd.Context(), addr, m)
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "`address` to listen on")
	cmd.Flags().Uint64Var(&keys, "keys", 1_000_000, "number of keys")
	cmd.Flags().IntVar(&value, "value", 100, "`bytes` of each value")
	return cmd
}

func (c *comparison) startBare(ctx context.Context) (*node.Process, load.Target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, load.Target{}, err
	}
	addr, _, err := node.FreeAddr()
	if err != nil {
		return nil, load.Target{}, err
	}
	t := load.HTTPTarget(addr, "", c.Options)
	t.Name = "bare"
	p, err := c.StartPeer(ctx, node.ProcessOptions{
		Name: "bare", Path: self, Go: true,
		Args: []string{"bare", "--addr", t.Addr, "--keys", strconv.FormatUint(c.Keys, 10), "--value", strconv.Itoa(c.Value)},
	}, t.Addr, "/data/?cmd=get&key="+load.KeyName(0))
	return p, t, err
}

type bareMap struct {
	mu     sync.RWMutex      // a cache is written while it is read
	values map[string][]byte // protected by mu
}

func (m *bareMap) answer(ctx *fasthttp.RequestCtx) {
	key := ctx.QueryArgs().Peek("key")
	m.mu.RLock()
	value, ok := m.values[string(key)]
	m.mu.RUnlock()
	if !ok {
		ctx.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	ctx.Response.SetBodyRaw(value)
}

func serveBare(ctx context.Context, addr string, m *bareMap) error {
	server := &fasthttp.Server{Handler: m.answer, Name: "bare"}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.ShutdownWithContext(stop) // connections that are busy now end with the process
		return <-served
	}
}
