package main

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// nodeServer is the real program as a crashServer, on one data directory.
type nodeServer struct {
	program  string
	dir      string
	password string
}

func (s *nodeServer) start(settings []string) (crashNode, error) {
	return startNode(nodeOptions{
		Program: s.program, Dir: filepath.Join(s.dir, "node"), Password: s.password, CPU: noCPU,
		Settings: append([]string{"Logfile="}, settings...),
	})
}

func (s *nodeServer) login(ctx context.Context, addr string) (string, error) {
	return login(ctx, addr, s.password)
}

// snapshotTime returns when the snapshot was last written.
func (s *nodeServer) snapshotTime() time.Time {
	info, err := os.Stat(filepath.Join(s.dir, "node", "owlcache.db"))
	if err != nil {
		return time.Time{} // there is none
	}
	return info.ModTime()
}

func (n *node) address() string { return n.addr }
