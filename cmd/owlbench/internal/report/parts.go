package report

import (
	"context"
	"fmt"
	"slices"
)

// Part is a part of a measurement, which --only may name.
type Part struct {
	Name string
	Run  func(context.Context) error
}

// PartNames returns the names of parts.
func PartNames(parts []Part) (names []string) {
	for _, p := range parts {
		names = append(names, p.Name)
	}
	return names
}

// RunParts runs the parts that only names, all if it names none.
func (p *Printer) RunParts(ctx context.Context, parts []Part, only []string) error {
	for _, part := range parts {
		if !Wants(only, part.Name) {
			continue
		}
		p.Logf("%s", part.Name)
		if err := part.Run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return nil
}

// CheckOnly refuses names that --only does not know. kind says what they name.
func CheckOnly(only []string, kind string, known []string) error {
	for _, name := range only {
		if !slices.Contains(known, name) {
			return Usage(fmt.Errorf("--only: there is no %s %q", kind, name))
		}
	}
	return nil
}

// Wants reports whether --only names something. Empty, it names everything.
func Wants(only []string, name string) bool {
	return len(only) == 0 || slices.Contains(only, name)
}
