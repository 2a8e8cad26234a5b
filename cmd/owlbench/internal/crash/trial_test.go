package crash

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// fakeRun runs a few rounds on a fake server.
func fakeRun(t *testing.T, fault fakeFault) (outcome, error) {
	t.Helper()
	server := newFakeServer(t)
	server.fault = fault
	o := options{Rounds: 3, Conns: 4, Readers: 2, Keys: 16, Seed: 1, MaxLife: 250 * time.Millisecond}
	return newTrial(o, server, t.Logf).run(t.Context())
}

func TestCrashRunOfHealthyServer(t *testing.T) {
	report, err := fakeRun(t, healthy)
	if err != nil {
		t.Fatal(err)
	}
	if report.Rounds != 3 || report.Kills+report.Stops != 3 || report.StartKills < 3 {
		t.Errorf("rounds are missing: %+v", report)
	}
	if report.Writes == 0 || report.Checks == 0 || report.Reads == 0 {
		t.Errorf("nothing was done: %+v", report)
	}
}

// TestCrashRunFindsFaults makes sure that a run fails for each kind of fault.
func TestCrashRunFindsFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault fakeFault
		want  string
		other bool // it is no violation of a key
	}{
		{"last set lost", losesLast, "lost", false},
		{"deleted key back", losesDelete, "cannot be there", false},
		{"expiry lost", losesExpiry, "cannot be there", false},
		{"byte changed", flipsBit, "cannot be there", false},
		{"visible before durable", dirtyReads, "", false},
		{"stale read", staleReads, "", false},
		{"time of the set lost", changesTimes, "cannot be there", false},
		{"token lost", losesToken, "status 401", true},
		{"server ends by itself", breaksEarly, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := fakeRun(t, tt.fault)
			if err == nil {
				t.Fatal("the fault was not found")
			}
			var v *report.Violation
			if errors.As(err, &v) == tt.other || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReaderFindsWrongValues(t *testing.T) {
	const seed = 5
	key := "writer 1/key 0"
	right := valueOf(seed, key, 3)
	wrong := append([]byte{}, right...)
	wrong[len(wrong)-1] ^= 1
	tests := []struct {
		name          string
		value         []byte
		acked, issued uint64
		want          string
	}{
		{"right", right, 3, 3, ""},
		{"right and newer", right, 2, 4, ""},
		{"old", right, 4, 4, "after set 4 was acknowledged"},
		{"never sent", right, 1, 2, "never sent"},
		{"damaged", wrong, 3, 3, "other bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newFakeServer(t)
			server.visible[key] = fakeEntry{value: string(tt.value)}
			n := server.mustStart(t)
			defer n.Kill()
			c, err := load.DialClassic(t.Context(), n.Address(), "")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			entry := &boardEntry{key: key}
			entry.acked.Store(tt.acked)
			entry.issued.Store(tt.issued)
			w := newWriter(seed, 1, 1)
			r := &reader{seed: seed, rng: w.rng, board: []*boardEntry{entry}}
			checkViolation(t, r.step(c), tt.want)
			if tt.want == "" && entry.seen.Load() != 3 {
				t.Errorf("seen %d, want 3", entry.seen.Load())
			}
		})
	}
}

func TestCrashPlan(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	var stops, starts, small int
	for n := range 200 {
		p := newRoundPlan(rng, n, 300*time.Millisecond)
		if p.life < 20*time.Millisecond || p.life > 1300*time.Millisecond {
			t.Errorf("round %d lives %v", n, p.life)
		}
		if p.inOrder {
			stops++
		}
		if len(p.settings) > 0 {
			small++
		}
		starts += len(p.startKills)
		if !strings.Contains(p.String(), p.life.Round(time.Millisecond).String()) {
			t.Errorf("%q does not say how long", p)
		}
	}
	if stops == 0 || stops == 200 || starts < 3 || small == 0 || small == 200 {
		t.Errorf("%d stops, %d start kills, %d with small segments: want a mixture", stops, starts, small)
	}
}
