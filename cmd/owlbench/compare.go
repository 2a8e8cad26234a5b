package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// comparison is a run of owlbench compare. Its parts use one data directory
// with all keys, and clean up the servers that they start.
type comparison struct {
	*program
	load     loadOptions
	cpus     pins
	dir      string // for all files
	owlcache string // program
	nodeDir  string // data directory
	password string
	filled   bool // nodeDir holds all keys

	rows  []row
	notes []string
}

// newComparison returns one that has its files in dir, of the program at path.
func (p *program) newComparison(load loadOptions, dir, path string) *comparison {
	c := &comparison{
		program: p, load: load, cpus: choosePins(), dir: dir,
		owlcache: path, nodeDir: filepath.Join(dir, "node"), password: newPassword(),
	}
	if c.cpus.server == noCPU {
		c.note("there are no two CPUs to choose from: servers and load generator share what there is")
	}
	return c
}

// run does the parts that are asked for, all if only is empty.
func (c *comparison) run(ctx context.Context, only []string) error {
	for _, part := range parts() {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		c.logf("%s", part.name)
		if err := part.run(c, ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// note keeps a line for the report.
func (c *comparison) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
	c.logf(format, args...)
}

// missing reports whether a part cannot be done for want of programs, which it
// notes.
func (c *comparison) missing(part string, programs ...string) bool {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			c.note("%s: left out, %s is not installed", part, name)
			return true
		}
	}
	return false
}

// unfolded are the settings under which a node never folds its log by itself.
func unfolded() []string {
	return []string{"Task_DataBackup=0", "Checkpoint_LogSize=1TiB", "Logfile="}
}

// startNode starts a node on the directory of all keys, which it fills first
// if no part did before. The log stays unfolded.
func (c *comparison) startNode(ctx context.Context, cpu int, settings ...string) (*node, target, error) {
	if err := c.fill(ctx); err != nil {
		return nil, target{}, err
	}
	return c.startFilledNode(ctx, cpu, settings...)
}

func (c *comparison) startFilledNode(ctx context.Context, cpu int, settings ...string) (*node, target, error) {
	n, err := startReadyNode(ctx, c.nodeOptions(cpu, settings...))
	if err != nil {
		return nil, target{}, err
	}
	token, err := login(ctx, n.addr, c.password)
	if err != nil {
		n.kill()
		return nil, target{}, err
	}
	return n, owlcacheTarget(n.addr, token, c.load), nil
}

func (c *comparison) nodeOptions(cpu int, settings ...string) nodeOptions {
	return nodeOptions{
		Program: c.owlcache, Dir: c.nodeDir, Password: c.password,
		Settings: append(unfolded(), settings...), CPU: cpu,
	}
}

// fill sets all keys in the data directory, once.
func (c *comparison) fill(ctx context.Context) error {
	if c.filled {
		return nil
	}
	c.logf("setting %d keys in owlcache", c.load.Keys)
	n, t, err := c.startFilledNode(ctx, noCPU, "WAL_Sync=no")
	if err != nil {
		return err
	}
	if err := preload(ctx, &t); err != nil {
		n.kill()
		return err
	}
	c.filled = true
	return n.terminate(stopPatience)
}
