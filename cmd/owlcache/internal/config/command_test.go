package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// A list of members with a mistake ends a start, and config check finds it.
func TestConfigCheckOfLists(t *testing.T) {
	for content, want := range map[string]string{"": "", "null": "", `[{"Address":"10.0.0.1:7721"}]`: "", `[{"Address":`: datadir.GroupFile} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, datadir.GroupFile), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		cmd := Command(&term.Process{Stdout: &stdout, Stderr: &stderr})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs([]string{"check", "--set", "DBfile=" + dir, "--config", os.DevNull})
		code := term.Finish(&stderr, cmd.Execute())
		if (code == term.CodeUsage) != (want != "") || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit code %d: %s%s", content, code, &stdout, &stderr)
		}
	}
}
