package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// mountTmpfs and mountExt4 make small file systems. ext4 differs in that a failed
// reservation leaves a part of the room in the file.
func mountTmpfs(dir string) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m")
}

func mountExt4(dir string) error {
	image := dir + ".img"
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(40<<20), f.Close()); err != nil {
		return err
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", image).CombinedOutput(); err != nil {
		return fmt.Errorf("mkfs.ext4: %w: %s", err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", image, dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	return nil
}

// TestFullDisk fills real file systems until nothing goes any more, makes room, and
// goes on; it restarts on the full disk too.
func TestFullDisk(t *testing.T) {
	for name, mount := range map[string]func(string) error{"tmpfs": mountTmpfs, "ext4": mountExt4} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := mount(dir); err != nil {
				t.Skipf("a small %s cannot be mounted here: %v", name, err)
			}
			t.Cleanup(func() {
				if err := syscall.Unmount(dir, 0); err != nil {
					t.Error(err)
				}
			})
			testFullDisk(t, dir)
		})
	}
}

func testFullDisk(t *testing.T, mount string) {
	path := filepath.Join(mount, "data")
	opts := Options{SegmentSize: 1 << 20, CheckpointLogBytes: 1 << 40}
	s := startNode(t, path, opts)
	ballast := filepath.Join(mount, "ballast")
	var st syscall.Statfs_t
	if err := syscall.Statfs(mount, &st); err != nil {
		t.Fatal(err)
	}
	// Six and a half megabytes are left, which is no multiple of what is reserved.
	if err := os.WriteFile(ballast, make([]byte, int64(st.Bavail)*st.Bsize-13<<19), 0o600); err != nil {
		t.Fatal(err)
	}
	value := bytes.Repeat([]byte("v"), 10_000)
	acked := 0
	for ; ; acked++ {
		if _, err := s.Set(fmt.Appendf(nil, "key%d", acked), value, 0); err != nil {
			if !errors.Is(err, ErrNoSpace) {
				t.Fatalf("set %d: %v", acked, err)
			}
			break
		}
	}
	if state, _ := s.Health(); state != DiskFull {
		t.Fatalf("health: %v", state)
	}
	s.committer.log.HasRoom(1 << 30) // what a probe for a large write does
	check := func() {
		t.Helper()
		for i := range acked {
			wantValue(t, s, fmt.Sprint("key", i), string(value))
		}
		wantMiss(t, s, fmt.Sprint("key", acked))
	}
	check()
	if err := s.Checkpoint(context.Background()); err == nil {
		t.Fatal("a checkpoint found room")
	}
	s = s.restart(t, opts) // on the full disk
	check()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		mustSet(t, s, fmt.Sprint("later", i), string(value), 0)
	}
	s = s.restart(t, opts)
	check()
	wantValue(t, s, "later19", string(value))
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	s = s.restart(t, opts)
	check()
}
