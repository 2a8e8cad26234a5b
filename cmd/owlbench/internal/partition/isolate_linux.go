package partition

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// isolate runs this program with other arguments in name spaces of its own: of networks,
// of processes and of mounts. However it ends, the kernel then ends all processes that it
// has started and removes all networks that it has made. env is added to its environment.
func isolate(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Setpgid:    true, // the interrupt key of the terminal is for this process
		Pdeathsig:  syscall.SIGKILL,
	}
	// That signal is sent when the thread ends that has started the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start in name spaces of its own: %w", err)
	}
	err := cmd.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// settleIn makes mounts in this mount name space those of this process alone, with an
// empty /run, in which ip keeps the names of networks.
func settleIn() error {
	return errors.Join(
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"),
	)
}

// isolable returns why networks cannot be cut here, nil if they can.
func isolable(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("cutting networks needs root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return errors.New("cutting networks needs the program ip (of iproute2)")
	}
	// A container may not let its root do so.
	cmd := exec.CommandContext(ctx, "ip", "link", "add", "probe", "type", "bridge")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("networks cannot be made here: %w %s", err, out)
	}
	return nil
}
