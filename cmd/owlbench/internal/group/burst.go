package group

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

const burstClients = 1000

// measureBurst lets many clients ask at once for a key that nobody has.
func (b *bench) measureBurst(ctx context.Context, addr string) error {
	clients, err := dialClients(ctx, addr, burstClients)
	defer closeClients(clients)
	if err != nil {
		return err
	}
	var most, one []float64
	for round := range b.Rounds {
		before := b.asked()
		if err := askAtOnce(ctx, clients, fmt.Sprintf("missing-%d", round)); err != nil {
			return err
		}
		greatest := int64(0)
		for i, after := range b.asked() {
			if after == before[i] {
				return fmt.Errorf("burst: member %d was not asked", i+1)
			}
			greatest = max(greatest, after-before[i])
		}
		most, one = append(most, float64(greatest)), append(one, 1)
		b.Logf("burst round %d: %d clients, at most %d requests to a member", round+1, len(clients), greatest)
	}
	b.Add(report.NewRow(fmt.Sprintf("requests to a member, %d clients at once", burstClients), "one request", "requests", most, one, burstTarget, true))
	return nil
}

// dialClients opens connections, which the caller closes, also with an error.
func dialClients(ctx context.Context, addr string, n int) (clients []*load.Client, err error) {
	for range n {
		c, err := load.Dial(ctx, addr, load.ParseHTTP)
		if err != nil {
			return clients, err
		}
		clients = append(clients, c)
	}
	return clients, nil
}

func closeClients(clients []*load.Client) {
	for _, c := range clients {
		c.Close()
	}
}

func askAtOnce(ctx context.Context, clients []*load.Client, key string) error {
	request := load.HTTPGet("/group_data/?cmd=get&key=" + key)
	group, ctx := errgroup.WithContext(ctx)
	start := make(chan struct{})
	for _, c := range clients {
		group.Go(func() error {
			<-start
			if ctx.Err() != nil {
				return ctx.Err()
			}
			resp, err := c.Do(request)
			if err == nil && resp.Status != 404 {
				err = fmt.Errorf("burst: a key that nobody has is answered %d: %.200q", resp.Status, resp.Body)
			}
			return err
		})
	}
	close(start)
	return group.Wait()
}
