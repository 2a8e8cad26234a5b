package e2e

import (
	"strings"
	"testing"
	"time"
)

// WaitFor polls a condition.
func WaitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", Patience, what)
		}
	}
}

// Address finds the address of the node in the start-up lines.
func Address(stderr string) string {
	_, rest, _ := strings.Cut(stderr, "serves http://")
	addr, _, _ := strings.Cut(rest, "\n")
	return addr
}

// Patience is how long a test waits for a condition.
const Patience = 30 * time.Second
