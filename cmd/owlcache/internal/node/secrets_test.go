package node

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/engine/datadir"
)

func TestTokenKey(t *testing.T) {
	const generated = "generated-generated-generated-generated"
	long := strings.Repeat("x", config.MinTokenSecret)
	if got := tokenKey("", generated); string(got) != generated {
		t.Errorf("without a secret: %q", got)
	}
	if got := tokenKey(long, generated); string(got) != long {
		t.Errorf("a long secret is not used as it is: %q", got)
	}
	short := tokenKey("short", generated)
	if len(short) != 32 || bytes.Contains(short, []byte("short")) {
		t.Errorf("a short secret makes the key %q", short)
	}
	if bytes.Equal(short, tokenKey("short", generated+"x")) || bytes.Equal(short, tokenKey("shorter", generated)) {
		t.Error("the key does not depend on both secrets")
	}
}

// resolve opens dir as a server does and resolves the secrets of a file.
func resolve(t *testing.T, dir, file string) secrets {
	t.Helper()
	c, errs := config.Parse("f", []byte(file))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	d, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := resolveSecrets(c, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestResolveSecrets(t *testing.T) {
	dir := t.TempDir()
	first := resolve(t, dir, "")
	if !first.made || !first.stored || config.CheckPassword(first.password) != nil || len(first.tokenSecret) < config.MinTokenSecret {
		t.Fatalf("first start: %+v", first)
	}
	again := resolve(t, dir, "Tonken_jwt_secret hello_owlcache")
	if again.made || again.password != first.password || !bytes.Equal(again.tokenSecret, first.tokenSecret) {
		t.Errorf("second start with the well-known secret: %+v, first %+v", again, first)
	}
	own := resolve(t, dir, "Pass correct horse battery\nTonken_jwt_secret short")
	if own.made || own.stored || own.password != "correct horse battery" || bytes.Equal(own.tokenSecret, first.tokenSecret) {
		t.Errorf("configured secrets: %+v", own)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file, really\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := resolve(t, dir, "Pass_File "+file); s.password != "from a file, really" || s.stored {
		t.Errorf("password from a file: %+v", s)
	}
}

func TestCheckSecretFile(t *testing.T) {
	long := strings.Repeat("s", config.MinTokenSecret)
	for _, tt := range []struct {
		name, content         string
		wantPassword, wantKey bool
		errors                int
	}{
		{"empty object", "{}", true, true, 0},
		{"empty texts", `{"password":"","token_secret":""}`, true, true, 0},
		{"good", `{"password":"hunter2hunter2","token_secret":"` + long + `"}`, true, true, 0},
		{"bad password", `{"password":"hunter2"}`, true, true, 1},
		{"digits", `{"password":"123456789012"}`, true, false, 1},
		{"bad password that does not count", `{"password":"hunter2"}`, false, true, 0},
		{"bad key", `{"token_secret":"` + long[1:] + `"}`, true, true, 1},
		{"bad key that does not count", `{"token_secret":"hunter2"}`, true, false, 0},
		{"both bad", `{"password":"hunter2","token_secret":"hunter2"}`, true, true, 2},
		{"no JSON", `{"password":"hunter2hunter2`, true, true, 1},
		{"no text", `{"password":["hunter2hunter2"]}`, true, true, 1},
		{"nothing", "", true, true, 1},
	} {
		path := filepath.Join(t.TempDir(), datadir.SecretFile)
		if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := checkSecretFile(path, tt.wantPassword, tt.wantKey)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if strings.Count(text, path) != tt.errors || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %v, want %d errors that name the file and no secret", tt.name, err, tt.errors)
		}
	}
	if err := checkSecretFile(filepath.Join(t.TempDir(), "none"), true, true); err != nil {
		t.Errorf("no file: %v", err)
	}
}
