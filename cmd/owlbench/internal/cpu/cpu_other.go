//go:build !linux

package cpu

// usableCPUs returns nil: nothing is kept on a CPU here.
func usableCPUs() []int { return nil }

// Run runs f on any CPU.
func Run(_ int, f func() error) error { return f() }
