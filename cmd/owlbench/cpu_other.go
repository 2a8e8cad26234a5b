//go:build !linux

package main

import "os/exec"

// usableCPUs returns nil: processes are not kept on a CPU here.
func usableCPUs() []int { return nil }

// startOn starts cmd on any CPU.
func startOn(cmd *exec.Cmd, _ int) error { return cmd.Start() }
