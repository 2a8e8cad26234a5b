package main

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// nodeServer is the real program as a crashServer, on one data directory.
type nodeServer struct{ *site }

func (s *nodeServer) options() nodeOptions { return s.node("node", noCPU) }

func (s *nodeServer) start(settings []string) (crashNode, error) {
	o := s.options()
	o.Settings = append([]string{"Logfile="}, settings...)
	return startNode(o)
}

func (s *nodeServer) login(ctx context.Context, addr string) (string, error) {
	return login(ctx, addr, s.password)
}

// snapshotTime returns when the snapshot was last written.
func (s *nodeServer) snapshotTime() time.Time {
	info, err := os.Stat(filepath.Join(s.options().Dir, "owlcache.db"))
	if err != nil {
		return time.Time{} // there is none
	}
	return info.ModTime()
}
