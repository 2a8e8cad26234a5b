package logs

import (
	"log" //nolint:depguard // it is what libraries write to
	"log/slog"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/e2e"
)

func TestStandardLogIsDiverted(t *testing.T) {
	before := log.Writer()
	out := &e2e.Buffer{}
	restore := DivertStandard(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Printf("Unsolicited response starting with %q; err=%v", "HTTP/1.1 200 secret", nil)
	log.Print(strings.Repeat("x", 10_000))
	restore()
	got := out.String()
	if strings.Count(got, "\n") != 2 || !strings.Contains(got, "level=DEBUG") || !strings.Contains(got, "Unsolicited response starting with") ||
		strings.Contains(got, "secret") || len(got) > 1000 {
		t.Errorf("%s", got)
	}
	if log.Writer() != before {
		t.Error("it is not as before")
	}
}
