package tools

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

type bench struct {
	*node.Bench
	value  int // bytes of each
	rounds int
	bytes  int64 // of the files
}

type tool struct {
	name   string
	args   []string
	target float64   // least share of the speed of cat, cold; 0 = none
	cold   []float64 // seconds
	warm   []float64
	memory []float64 // MB
}

// Targets: a share of the speed of cat; seconds; growth of memory with ten times the keys.
const (
	speedTarget   = 0.5
	inspectTarget = 2.0
	memoryTarget  = 1.5
)

func tools(dir string) []*tool {
	return []*tool{
		{name: "inspect", args: []string{"inspect", dir}},
		{name: "check", args: []string{"check", dir}, target: speedTarget},
		{name: "backup", args: []string{"backup", dir, "--out", "-"}, target: speedTarget},
		{name: "export", args: []string{"export", dir, "--out", "-"}, target: speedTarget},
	}
}

func (b *bench) run(ctx context.Context, keys int) error {
	large, small := filepath.Join(b.Dir, "large"), filepath.Join(b.Dir, "small")
	if err := b.fill(ctx, large, keys); err != nil {
		return err
	}
	if err := b.fill(ctx, small, keys/10); err != nil {
		return err
	}
	files, err := dataFiles(large)
	if err != nil {
		return err
	}
	for _, f := range files {
		b.bytes += f.size
	}
	cat := &tool{name: "cat"}
	for _, f := range files {
		cat.args = append(cat.args, f.path)
	}
	all := tools(large)
	for round := range b.rounds {
		for _, t := range append([]*tool{cat}, all...) {
			if err := b.measure(ctx, t, files); err != nil {
				return err
			}
			b.Logf("round %d: %s %.2f s cold, %.2f s warm, %.0f MB of memory", round+1, t.name,
				t.cold[round], t.warm[round], t.memory[round])
		}
	}
	b.report(cat, all)
	return b.compareMemory(ctx, all, tools(small))
}

func (b *bench) report(cat *tool, tools []*tool) {
	for _, t := range tools {
		if t.name == "inspect" {
			b.Add(report.LimitRow("inspect, cold", "s", t.cold, inspectTarget, true))
			continue
		}
		b.Add(
			report.NewRow(t.name+", cold", "cat", "MB/s", b.speeds(t.cold), b.speeds(cat.cold), t.target, false),
			report.NewRow(t.name+", warm", "cat", "MB/s", b.speeds(t.warm), b.speeds(cat.warm), 0, false))
	}
}

func (b *bench) speeds(seconds []float64) []float64 {
	out := make([]float64, len(seconds))
	for i, s := range seconds {
		out[i] = float64(b.bytes) / 1e6 / s
	}
	return out
}

func (b *bench) compareMemory(ctx context.Context, large, small []*tool) error {
	for i, t := range small {
		for range b.rounds {
			_, memory, err := b.runTool(ctx, t)
			if err != nil {
				return err
			}
			t.memory = append(t.memory, float64(memory)/1e6)
		}
		b.Add(report.NewRow("memory of "+t.name, "a tenth of the keys", "MB", large[i].memory, t.memory, memoryTarget, true))
	}
	return nil
}

// measure runs a tool once with the files on the disk alone and once with them in memory.
func (b *bench) measure(ctx context.Context, t *tool, files []dataFile) error {
	for _, f := range files {
		if err := node.DropFromMemory(f.path); err != nil {
			return fmt.Errorf("drop %s from memory: %w", f.path, err)
		}
	}
	took, memory, err := b.runTool(ctx, t)
	if err != nil {
		return err
	}
	t.cold, t.memory = append(t.cold, took.Seconds()), append(t.memory, float64(memory)/1e6)
	took, _, err = b.runTool(ctx, t)
	t.warm = append(t.warm, took.Seconds())
	return err
}

// runTool returns how long a tool took, and its memory at most, in bytes.
func (b *bench) runTool(ctx context.Context, t *tool) (time.Duration, int64, error) {
	path := b.Program
	if t.name == "cat" {
		path = "cat"
	}
	cmd := exec.CommandContext(ctx, path, t.args...)
	cmd.Dir = b.Dir
	cmd.Env = node.WithoutOptions(os.Environ())
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	started := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("%s: %w\n%.2000s", t.name, err, &complaint)
	}
	return time.Since(started), node.MaxMemory(cmd.ProcessState), nil
}

func (b *bench) fill(ctx context.Context, dir string, keys int) error {
	b.Logf("making a data directory of %d keys", keys)
	r, w := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		err := writeLines(w, keys, b.value)
		wrote <- err
		_ = w.CloseWithError(err) // never fails
	}()
	load := exec.CommandContext(ctx, b.Program, "import", "-", "--to", dir)
	load.Stdin = r
	out, err := load.CombinedOutput()
	_ = r.Close() // ends the writer if the command has not read all
	if werr := <-wrote; err != nil || werr != nil {
		return fmt.Errorf("import: %w %w\n%s", err, werr, out)
	}
	if out, err := exec.CommandContext(ctx, b.Program, "compact", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("compact: %w\n%s", err, out)
	}
	return nil
}

// writeLines writes entries in random order as import reads them: text, a part of which repeats.
func writeLines(w io.Writer, keys, value int) error {
	out := bufio.NewWriterSize(w, 1<<20)
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, i := range rnd.Perm(keys) {
		text := fmt.Sprintf(`{'id':%d,'name':'user %d','mail':'%x@example.com'`, i, rnd.Uint32(), rnd.Uint64())
		for len(text) < value {
			text += fmt.Sprintf(`,'field':%d`, rnd.Uint32())
		}
		if _, err := fmt.Fprintf(out, `{"key":"user:%010d","value":"%s"}`+"\n", i, text[:value]); err != nil {
			return err
		}
	}
	return out.Flush()
}

type dataFile struct {
	path string
	size int64
}

func dataFiles(dir string) (files []dataFile, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files = append(files, dataFile{path, info.Size()})
		}
		return err
	})
	return files, err
}
