package api

import (
	"strings"
	"testing"
)

func TestLoggedPath(t *testing.T) {
	s, err := New(Options{Password: "right", TokenSecret: make([]byte, minTokenSecret)})
	if err != nil {
		t.Fatal(err)
	}
	long := "/" + strings.Repeat("x", 1000)
	for path, want := range map[string]string{
		"":                  "",
		"/":                 "/",
		"/data":             "/data",
		"/data/":            "/data/",
		"/data/KEY":         "/data/…",
		"/data/KEY/":        "/data/…",
		"/other":            "/other",
		"/other/":           "/other/",
		"/other/deep/KEY":   "/other/…",
		long:                long[:maxLoggedPath] + "…",
		long + "/KEY":       long[:maxLoggedPath] + "…",
		"/a/" + long[1:]:    "/a/…",
		"no slash in front": "no slash in front",
	} {
		if got := s.loggedPath([]byte(path)); got != want {
			t.Errorf("%.40q: %q, want %q", path, got, want)
		}
	}
}
