package node

import (
	"context"
	"testing"

	"owlcache/cmd/owlcache/internal/e2e"
)

func TestMemoryFigures(t *testing.T) {
	srv, stderr := testServer(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- srv.Run(ctx) }()
	e2e.WaitFor(t, "the start", func() bool { return e2e.Address(stderr.String()) != "" })
	if _, err := srv.store.Set([]byte("key"), []byte("value"), 0); err != nil {
		t.Error(err)
	}
	figures := map[any]any{}
	list := memoryFigures(srv.api, srv.store)
	for i := 0; i+1 < len(list); i += 2 {
		figures[list[i]] = list[i+1]
	}
	if figures["keys"] != int64(1) || figures["data_bytes"] != int64(8) || figures["connections"] != 0 || figures["log_bytes"].(int64) <= 0 {
		t.Errorf("%v", figures)
	}
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
}
