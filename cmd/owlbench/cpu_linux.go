package main

import (
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// usableCPUs returns the CPUs that this process may run on.
func usableCPUs() []int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	var cpus []int
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

// pinThread keeps the calling thread on one CPU, unless cpu is noCPU.
func pinThread(cpu int) error {
	if cpu == noCPU {
		return nil
	}
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin to CPU %d: %w", cpu, err)
	}
	return nil
}

// startOn starts cmd on one CPU: a child inherits the CPU set of the thread
// that forks it.
func startOn(cmd *exec.Cmd, cpu int) error {
	if cpu == noCPU {
		return cmd.Start()
	}
	started := make(chan error)
	go func() {
		// Never unlocked, so that the thread and its CPU set end with the goroutine.
		runtime.LockOSThread()
		if err := pinThread(cpu); err != nil {
			started <- err
			return
		}
		started <- cmd.Start()
	}()
	return <-started
}
