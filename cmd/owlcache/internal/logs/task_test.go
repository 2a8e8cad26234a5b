package logs

import (
	"path/filepath"
	"strings"
	"testing"
)

// Task_OutputSuccessLog shows what went well.
func TestTaskLog(t *testing.T) {
	for config, want := range map[string]string{
		"":                        "slow, failed",
		"Task_OutputSuccessLog 1": "done, slow, failed",
		"Task_OutputSuccessLog 1\nLog_Level warn": "failed",
		"Log_Level debug":                         "done, slow, failed",
	} {
		path := filepath.Join(t.TempDir(), "x.log")
		c := parsed(t, "Logfile "+path+"\n"+config)
		l, err := Open(c, nil, &strings.Builder{})
		if err != nil {
			t.Fatal(err)
		}
		task := NewTask(c, l).With("a", 1)
		task.Debug("done")
		task.Info("slow")
		task.Error("failed")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, line := range linesOf(t, path) {
			got = append(got, line["message"].(string))
			if line["log"] != "task" || line["a"] != 1.0 || line["message"] == "failed" && line["level"] != "error" {
				t.Errorf("%q: %v", config, line)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %q, want %q", config, got, want)
		}
	}
}
