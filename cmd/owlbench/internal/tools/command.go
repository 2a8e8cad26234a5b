package tools

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// Command is owlbench tools.
func Command(out *report.Printer) *cobra.Command {
	var f node.Flags
	keys, value, rounds := 1_000_000, 100, 5
	cmd := &cobra.Command{
		Use:   "tools",
		Short: "Measure the commands that work on a data directory against cat",
		Long: "Measure how fast inspect, check, backup and export go through the files of a data directory, and\n" +
			"how much memory they take. The peer is cat, which reads the same files and does nothing with them.\n" +
			"All take turns, round by round; the figures are medians of the rounds. \"cold\" is from the disk: the\n" +
			"files are dropped from the memory of the system before each run. \"warm\" is from that memory.",
		Example: "  owlbench tools\n  owlbench tools --keys 5000000 --value 1000 --dir /var/tmp -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keys < 1000 || value < 16 || rounds < 1 {
				return report.Usage(errors.New("--keys: 1000 at least; --value: 16 at least; --rounds: 1 at least"))
			}
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				t := &bench{Bench: b, value: value, rounds: rounds}
				err := t.run(cmd.Context(), keys)
				return &output{keys, value, t.bytes, report.ThisMachine(nil), b.Rows}, err
			})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&keys, "keys", keys, "keys in the directory, 1000 at least")
	flags.IntVar(&value, "value", value, "bytes of a value, 16 at least")
	flags.IntVar(&rounds, "rounds", rounds, "rounds; the figures are their medians")
	f.Register(flags)
	return cmd
}

type output struct {
	Keys  int   `json:"keys"`
	Value int   `json:"value"` // bytes
	Bytes int64 `json:"bytes"` // of the files
	report.Machine
	report.Rows `json:"rows"`
}

func (o *output) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "%d keys, %d MB of files\n", o.Keys, o.Bytes/1e6)
	o.Rows.Table(w)
}

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
	files, size, err := dataFiles(large)
	if err != nil {
		return err
	}
	b.bytes = size
	cat, all := &tool{name: "cat", args: files}, tools(large)
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
			t.memory = append(t.memory, memory)
		}
		b.Add(report.NewRow("memory of "+t.name, "a tenth of the keys", "MB", large[i].memory, t.memory, memoryTarget, true))
	}
	return nil
}

// measure runs a tool once with the files on the disk alone and once with them in memory.
func (b *bench) measure(ctx context.Context, t *tool, files []string) error {
	for _, path := range files {
		if err := node.DropFromMemory(path); err != nil {
			return fmt.Errorf("drop %s from memory: %w", path, err)
		}
	}
	took, memory, err := b.runTool(ctx, t)
	if err != nil {
		return err
	}
	t.cold, t.memory = append(t.cold, took), append(t.memory, memory)
	took, _, err = b.runTool(ctx, t)
	t.warm = append(t.warm, took)
	return err
}

// runTool returns how long a tool took, in seconds, and its memory at most, in MB.
func (b *bench) runTool(ctx context.Context, t *tool) (took, memory float64, err error) {
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
	return time.Since(started).Seconds(), float64(node.MaxMemory(cmd.ProcessState)) / 1e6, nil
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

// dataFiles returns all files in a directory, and how many bytes they are.
func dataFiles(dir string) (paths []string, size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			paths, size = append(paths, path), size+info.Size()
		}
		return err
	})
	return paths, size, err
}
