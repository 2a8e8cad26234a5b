package cpu

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

// PinThread keeps the calling thread on one CPU, unless core is Any.
func PinThread(core int) error {
	if core == Any {
		return nil
	}
	var set unix.CPUSet
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pin to CPU %d: %w", core, err)
	}
	return nil
}

// Start starts cmd on one CPU: a child inherits the CPU set of the thread
// that forks it.
func Start(cmd *exec.Cmd, core int) error {
	if core == Any {
		return cmd.Start()
	}
	started := make(chan error)
	go func() {
		// Never unlocked, so that the thread and its CPU set end with the goroutine.
		runtime.LockOSThread()
		if err := PinThread(core); err != nil {
			started <- err
			return
		}
		started <- cmd.Start()
	}()
	return <-started
}
