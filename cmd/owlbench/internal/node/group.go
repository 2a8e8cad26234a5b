package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// The files in a data directory that list the members of the two kinds of groups.
const (
	GroupFile  = "server_group_config.json"
	gossipFile = "server_group_gossip_config.json"
)

// WriteMembers writes a list of members, by address, into a data directory, which it
// makes if need be.
func WriteMembers(dir, file string, addrs []string) error {
	type member struct{ Address string }
	var list []member
	for _, addr := range addrs {
		list = append(list, member{addr})
	}
	text, err := json.Marshal(list)
	return errors.Join(err, os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, file), text, 0o600))
}

// JoinGroup makes a node that is not started yet a member of a group with data sync. The
// file with the key lies beside its directory.
func (o *Options) JoinGroup(port, key string, seeds ...string) error {
	file := o.Dir + ".key"
	o.Settings = append(o.Settings, "GroupDataSync=1", "Gossipport="+port, "GossipDataSyncAuthKey_File="+file)
	return errors.Join(WriteMembers(o.Dir, gossipFile, seeds), os.WriteFile(file, []byte(key), 0o600))
}

// Group returns what a node says of its group: its own id, and how many others it takes as alive.
func (a API) Group(ctx context.Context) (id string, alive int, err error) {
	var state struct {
		Node  string
		Peers []struct{ State string }
	}
	err = a.JSON(ctx, "/admin/cluster", &state)
	for _, p := range state.Peers {
		if p.State == "alive" {
			alive++
		}
	}
	return state.Node, alive, err
}

// asked is a node of a group.
type asked interface {
	Digest(ctx context.Context) (string, error)
	Group(ctx context.Context) (id string, alive int, err error)
}

// AskAll asks all nodes at once.
func AskAll[N, T any](ctx context.Context, nodes []N, ask func(N, context.Context) (T, error)) ([]T, error) {
	answers := make([]T, len(nodes))
	group, ctx := errgroup.WithContext(ctx)
	for i, n := range nodes {
		group.Go(func() (err error) {
			answers[i], err = ask(n, ctx)
			return err
		})
	}
	return answers, group.Wait()
}

// HoldSame returns an error unless all nodes have the same digest.
func HoldSame[N asked](ctx context.Context, nodes []N) error {
	digests, err := AskAll(ctx, nodes, N.Digest)
	if err != nil {
		return err
	}
	for i, d := range digests {
		if d != digests[0] {
			return fmt.Errorf("nodes 1 and %d differ", i+1)
		}
	}
	return nil
}

// FindAll returns an error unless each node takes all others as alive.
func FindAll[N asked](ctx context.Context, nodes []N) error {
	found, err := AskAll(ctx, nodes, func(n N, ctx context.Context) (int, error) {
		_, alive, err := n.Group(ctx)
		return alive, err
	})
	if err != nil {
		return err
	}
	for i, n := range found {
		if n != len(nodes)-1 {
			return fmt.Errorf("node %d finds %d others", i+1, n)
		}
	}
	return nil
}
