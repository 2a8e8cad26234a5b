package crash

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// nodeServer is the real program as the server, on one data directory.
type nodeServer struct{ *node.Site }

func (s *nodeServer) options() node.Options { return s.NodeOptions("node", cpu.Any) }

func (s *nodeServer) start(settings []string) (life, error) {
	o := s.options()
	o.Settings = append([]string{"Logfile="}, settings...)
	return node.Start(o)
}

func (s *nodeServer) login(ctx context.Context, addr string) (string, error) {
	return load.Login(ctx, addr, s.Password)
}

// snapshotTime returns when the snapshot was last written.
func (s *nodeServer) snapshotTime() time.Time {
	info, err := os.Stat(filepath.Join(s.options().Dir, "owlcache.db"))
	if err != nil {
		return time.Time{} // there is none
	}
	return info.ModTime()
}
