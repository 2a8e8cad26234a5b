package cpu

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

func usableCPUs() (cpus []int) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// Run runs f on a thread of its own, on one CPU unless core is Any, and waits for it.
// A program that f starts inherits the CPU.
func Run(core int, f func() error) error {
	ended := make(chan error)
	go func() {
		// Never unlocked, so that the thread and its CPU set end with the goroutine.
		runtime.LockOSThread()
		if core != Any {
			var set unix.CPUSet
			set.Set(core)
			if err := unix.SchedSetaffinity(0, &set); err != nil {
				ended <- fmt.Errorf("pin to CPU %d: %w", core, err)
				return
			}
		}
		ended <- f()
	}()
	return <-ended
}
