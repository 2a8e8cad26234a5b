package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// FindOwlcache returns the path of the program to measure: path if there is
// one, else what "go build" makes of the checkout around the working directory
// (put into dir), else the owlcache of the search path.
func FindOwlcache(ctx context.Context, path, dir string) (string, error) {
	if path != "" {
		return exec.LookPath(path)
	}
	if root, ok := checkout(); ok {
		return buildOwlcache(ctx, root, dir)
	}
	found, err := exec.LookPath("owlcache")
	if err != nil {
		return "", errors.New("there is no owlcache in the search path and this is no checkout: name the program with --owlcache")
	}
	return found, nil
}

// checkout returns the folder of the module owlcache around the working
// directory.
func checkout() (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module owlcache\n")) {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// buildOwlcache builds the program of the checkout root into dir.
func buildOwlcache(ctx context.Context, root, dir string) (string, error) {
	path := filepath.Join(dir, "owlcache")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/owlcache")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build owlcache: %w\n%s", err, out)
	}
	return path, nil
}
