//go:build !linux

package cpu

import "os/exec"

// usableCPUs returns nil: processes are not kept on a CPU here.
func usableCPUs() []int { return nil }

// Start starts cmd on any CPU.
func Start(cmd *exec.Cmd, _ int) error { return cmd.Start() }
