package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
)

// ProcessOptions say how a server is started.
type ProcessOptions struct {
	Name string   // of its log file
	Path string   // of the program
	Args []string //
	Env  []string // added to that of this process, from which options of owlcache are left out
	Dir  string   // working directory and place of the log
	CPU  int      // the only one that it runs on, or cpu.Any
	Go   bool     // it is a Go program, which on one CPU has one thread for its code
}

// Process is a server that this program started.
type Process struct {
	Name  string
	cmd   *exec.Cmd
	log   string        // file with its standard output and error
	ended chan struct{} // closed when it has ended
	err   error         // how it ended; read after ended
}

// startProcess starts a server; what it prints is appended to Dir/Name.log.
func startProcess(o ProcessOptions) (*Process, error) {
	p := &Process{Name: o.Name, log: filepath.Join(o.Dir, o.Name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has its own descriptor
	p.cmd = exec.Command(o.Path, o.Args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = o.Dir, log, log
	p.cmd.Env = append(WithoutOptions(os.Environ()), o.Env...)
	if o.Go && o.CPU != cpu.Any {
		p.cmd.Env = append(p.cmd.Env, "GOMAXPROCS=1")
	}
	p.cmd.SysProcAttr = ownGroup()
	if err := cpu.Run(o.CPU, p.cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// StartServer starts a server and waits until ready returns nil.
func StartServer(ctx context.Context, o ProcessOptions, ready func() error) (*Process, error) {
	p, err := startProcess(o)
	if err != nil {
		return nil, err
	}
	if err := p.WaitReady(ctx, StartPatience, ready); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// WithoutOptions leaves out of an environment what would change a node's configuration.
func WithoutOptions(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "OWLCACHE_") })
}

// Kill ends the process as a crash would and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails only when it has ended
	<-p.ended
}

// Terminate asks the process to end and waits for it. It returns how it ended.
func (p *Process) Terminate() error { return p.terminate(stopPatience) }

func (p *Process) terminate(patience time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.Kill()
		return fmt.Errorf("%s did not end within %v of SIGTERM", p.Name, patience)
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", p.Name, p.err, p.tail())
	}
	return nil
}

// WaitReady tries ready, again and again, until it returns nil.
func (p *Process) WaitReady(ctx context.Context, patience time.Duration, ready func() error) error {
	deadline := time.Now().Add(patience)
	retry := time.NewTicker(time.Millisecond)
	defer retry.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not ready after %v: %w\n%s", p.Name, patience, err, p.tail())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.ended:
			return fmt.Errorf("%s ended at its start: %w\n%s", p.Name, errors.Join(p.err, err), p.tail())
		case <-retry.C:
		}
	}
}

func (p *Process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-2<<10):]))
}

// How long a server may take to become ready, and to end when asked.
const (
	StartPatience = 2 * time.Minute
	stopPatience  = 30 * time.Second
)

// FreeAddr returns an address of the loopback interface that nobody listens on, HOST:PORT,
// and its port. It lies below those that systems give to outgoing connections, one of which
// might take it before it is used.
func FreeAddr() (addr, port string, err error) {
	for range 100 {
		port = strconv.Itoa(10_000 + rand.IntN(20_000))
		addr = "127.0.0.1:" + port
		if listener, err := net.Listen("tcp", addr); err == nil {
			return addr, port, listener.Close()
		}
	}
	return "", "", errors.New("no free port was found from 10000 to 29999")
}
