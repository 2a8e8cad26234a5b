package partition

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// The real test runs this test binary in name spaces of its own, where it finds in its
// environment the program to start and the place for its files.
const (
	partitionProgram = "OWLBENCH_PARTITION_PROGRAM"
	partitionDir     = "OWLBENCH_PARTITION_DIR"
	partitionRounds  = "OWLBENCH_PARTITION_ROUNDS"
)

// startIsolated starts a run of so many rounds. What it prints is written until there is a
// result.
func startIsolated(ctx context.Context, t *testing.T, rounds int) (string, <-chan error, *bytes.Buffer) {
	t.Helper()
	if err := isolable(ctx); err != nil {
		t.Skip(err)
	}
	site, err := node.SiteFlags{Dir: t.TempDir()}.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Remove)
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() {
		done <- isolate(ctx, []string{"-test.run=^TestPartitionIsolated$", "-test.v", "-test.timeout=4m"},
			[]string{partitionProgram + "=" + site.Program, partitionDir + "=" + site.Dir, partitionRounds + "=" + strconv.Itoa(rounds)}, &out, &out)
	}()
	return site.Dir, done, &out
}

// TestPartition cuts the network between real nodes.
func TestPartition(t *testing.T) {
	t.Parallel()
	rounds := 2
	if heavy {
		rounds = 10
	}
	_, result, out := startIsolated(t.Context(), t, rounds)
	if err := <-result; err != nil || !strings.Contains(out.String(), fmt.Sprintf("rounds %d\n", rounds)) {
		t.Errorf("%v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
}

// TestPartitionIsolated is what TestPartition and TestPartitionInterrupted run.
func TestPartitionIsolated(t *testing.T) {
	program := os.Getenv(partitionProgram)
	if program == "" {
		t.Skip("run by TestPartition in name spaces of its own")
	}
	rounds, err := strconv.Atoi(os.Getenv(partitionRounds))
	if err != nil {
		t.Fatal(err)
	}
	options, err := options{
		Rounds: rounds, Nodes: 3, Keys: 50, Seed: rand.Uint64(), Longest: 8 * time.Second,
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	report, err := newTrial(options, program, os.Getenv(partitionDir), t.Logf).run(t.Context())
	if err != nil {
		t.Fatalf("%v\nseed %d", err, options.Seed)
	}
	if len(report.Results) != options.Rounds {
		t.Fatalf("%d rounds, want %d", len(report.Results), options.Rounds)
	}
	for _, r := range report.Results {
		if r.Writes < 2*doomedKeys || r.Reads == 0 {
			t.Errorf("%+v: nothing was done", r)
		}
	}
	t.Logf("rounds %d\n", len(report.Results))
}

// TestPartitionInterrupted makes sure that nothing stays behind.
func TestPartitionInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir, result, out := startIsolated(ctx, t, 100)
	waitFor := func() bool {
		log, err := os.ReadFile(filepath.Join(dir, netName(3)+".log"))
		return err == nil && bytes.Contains(log, []byte("serving"))
	}
	for deadline := time.Now().Add(node.StartPatience); !waitFor(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the nodes do not start")
		}
	}
	if len(processesWith(t, dir)) == 0 {
		t.Error("no process is found of a run: this tests nothing")
	}
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("%v\n%s", err, out)
	}
	if left := processesWith(t, dir); len(left) > 0 {
		t.Errorf("these processes are left: %q", left)
	}
}

// processesWith returns the command lines of all processes that name a directory.
func processesWith(t *testing.T, dir string) (found []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && bytes.Contains(line, []byte(dir)) { // else it has just ended
			found = append(found, string(line))
		}
	}
	return found
}

func TestPartitionPlans(t *testing.T) {
	const nodes = 5
	kinds := cutKinds()
	plans := newRoundPlans(rand.New(rand.NewPCG(1, 0)), 10*len(kinds), nodes, 10*time.Second)
	for i := 0; i < len(plans); i += len(kinds) {
		seen := map[cutKind]bool{}
		for _, p := range plans[i : i+len(kinds)] {
			seen[p.kind] = true
		}
		if len(seen) != len(kinds) {
			t.Errorf("rounds from %d: not all kinds of cuts: %v", i, seen)
		}
	}
	for _, p := range plans {
		if p.last < 5*time.Second || p.last > 10*time.Second {
			t.Errorf("%v lasts too long, or not long enough", p)
		}
		cuts := map[cut]bool{}
		back := 0
		for _, c := range p.cuts {
			cuts[cut{c.from, c.to, false}] = true
			if c.from < 1 || c.to < 1 || c.from > nodes || c.to > nodes || c.from == c.to || c.udp != (p.kind == cutUDP) {
				t.Errorf("%v: cut %+v", p, c)
			}
		}
		for c := range cuts {
			if cuts[cut{c.to, c.from, false}] {
				back++
			}
		}
		if len(cuts) == 0 || len(cuts) != len(p.cuts) {
			t.Errorf("%v: no cuts, or some twice", p)
		}
		if want := map[bool]int{true: 0, false: len(cuts)}[p.kind == cutOneWay]; back != want {
			t.Errorf("%v: %d of %d cuts are both ways, want %d", p, back, len(cuts), want)
		}
		if want, ok := map[cutKind]int{cutHalves: 12, cutIsolated: 8, cutUDP: 20}[p.kind]; ok && len(cuts) != want {
			t.Errorf("%v: %d cuts, want %d", p, len(cuts), want)
		}
	}
}

func TestPartitionOptions(t *testing.T) {
	for _, o := range []options{{Rounds: -1}, {Nodes: 1}, {Nodes: maxNodes + 1}, {Keys: 1}, {Longest: -1}} {
		if _, err := o.withDefaults(); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestPartitionReport(t *testing.T) {
	o := outcome{Nodes: 3}
	for i := range 100 {
		o.Results = append(o.Results, roundOutcome{Kind: cutHalves, Equal: time.Duration(i+1) * 100 * time.Millisecond, Writes: 2})
	}
	o.Results[0].Kind = cutUDP
	if !o.OK() {
		t.Error("99 of 100 rounds within 10 s are not ok")
	}
	var out bytes.Buffer
	text := report.Format("text")
	if err := text.Print(&out, o); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"halves       99      198     0      5.10 s", "UDP blocked  1       2       0      0.10 s", "all          100     200     0      5.00 s     9.90 s   10.00 s", "rounds: ok;",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	o.Results[97].Equal, o.Results[98].Equal = time.Minute, time.Minute
	if o.OK() {
		t.Error("two of 100 rounds that are too long are ok")
	}
}
