package node

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// findOwlcache returns the path of the program to measure: path if there is one,
// else what "go build" makes of the checkout around the working directory (put into
// dir), else the owlcache of the search path.
func findOwlcache(ctx context.Context, path, dir string) (string, error) {
	if path != "" {
		return exec.LookPath(path)
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m").Output()
	if err == nil && strings.TrimSpace(string(module)) == "owlcache" {
		path = filepath.Join(dir, "owlcache")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "owlcache/cmd/owlcache").CombinedOutput(); err != nil {
			return "", fmt.Errorf("build owlcache: %w\n%s", err, out)
		}
		return path, nil
	}
	if path, err = exec.LookPath("owlcache"); err != nil {
		return "", errors.New("there is no owlcache in the search path and this is no checkout: name the program with --owlcache")
	}
	return path, nil
}
