package compare

import (
	"encoding/json"
	"errors"
	"os/exec"
	"testing"

	"owlcache/cmd/owlbench/internal/report"
)

// TestCompare does all comparisons with little data. What it measures is not
// looked at.
func TestCompare(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many servers")
	}
	p := testBinary(t)
	out, err := exec.CommandContext(t.Context(), p, "compare", "--dir", t.TempDir(),
		"--keys", "2000", "--conns", "4", "--seconds", "0.05", "--rounds", "1", "-o", "json").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderrOf(err))
	}
	var report report.LoadReport
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	// Each part gives a row, or a note that says what is not installed.
	if len(report.Rows) == 0 || report.Rows[0].Peer != "bare fasthttp and a map" || len(report.Rows)+len(report.Notes) < 5 {
		t.Errorf("report %+v", report)
	}
	for _, row := range report.Rows {
		if !(row.Owlcache > 0 && row.PeerFigure > 0 && row.Ratio > 0) {
			t.Errorf("row %+v", row)
		}
	}
}

// testBinary builds the program under test: it starts itself, which a test
// cannot.
func testBinary(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/owlbench"
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "owlcache/cmd/owlbench").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func stderrOf(err error) []byte {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.Stderr
	}
	return nil
}
