package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestIdentityStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	d := open(t, path)
	id, created := d.NodeID(), d.Created()
	if id == 0 || created.IsZero() {
		t.Fatalf("id %d, created %v", id, created)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o700 {
		t.Fatalf("mode %v, %v", fi.Mode(), err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d = open(t, path); d.NodeID() != id || !d.Created().Equal(created) {
		t.Fatalf("id was %x, is %x", id, d.NodeID())
	}
}

func TestSecondOpenSaysWhoHoldsIt(t *testing.T) {
	path := t.TempDir()
	d := open(t, path)
	_, err := Open(path)
	var locked *LockedError
	if !errors.As(err, &locked) || !strings.HasPrefix(locked.Holder, "process ") {
		t.Fatalf("got %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestBadNodeFileIsRefusedAndKept(t *testing.T) {
	for name, content := range map[string]string{
		"newer":   `{"format":2,"node_id":"00000000000000aa"}`,
		"garbage": `{"for`,
		"no id":   `{"format":1}`,
		"zero id": `{"format":1,"node_id":"0"}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			file := filepath.Join(path, NodeFile)
			put(t, file, content)
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), file) {
				t.Fatalf("got %v", err)
			}
			var newer *FormatError
			if errors.As(err, &newer) != (name == "newer") {
				t.Fatalf("got %v", err)
			}
			if b, _ := os.ReadFile(file); string(b) != content {
				t.Fatalf("the file was changed: %s", b)
			}
			put(t, file, `{"format":1,"node_id":"00000000000000aa"}`)
			if d := open(t, path); d.NodeID() != 0xaa {
				t.Fatalf("the lock or the id is wrong: %x", d.NodeID())
			}
		})
	}
}

func TestSecretsAreMadeOnce(t *testing.T) {
	d := open(t, t.TempDir())
	none, made, err := d.Secrets(false, false)
	if err != nil || made || none != (Secrets{}) {
		t.Fatalf("%+v, %v, %v", none, made, err)
	}
	token, made, err := d.Secrets(false, true)
	if err != nil || made || token.Password != "" || len(token.TokenSecret) < 32 {
		t.Fatalf("%+v, %v, %v", token, made, err)
	}
	both, made, err := d.Secrets(true, true)
	if err != nil || !made || len(both.Password) < 20 || both.TokenSecret != token.TokenSecret {
		t.Fatalf("%+v, %v, %v", both, made, err)
	}
	again, made, err := d.Secrets(true, true)
	if err != nil || made || again != both {
		t.Fatalf("%+v, %v, %v", again, made, err)
	}
	if fi, err := os.Stat(d.File(SecretFile)); err != nil || fi.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", fi.Mode(), err)
	}
	put(t, d.File(SecretFile), `{"password":"hunter2hunter2"`)
	if _, _, err := d.Secrets(true, true); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

func TestLeftoversGo(t *testing.T) {
	path := t.TempDir()
	for _, name := range []string{"owlcache.db.tmp", ".node.json123", "keep.txt", ".hidden", "sites.xml"} {
		put(t, filepath.Join(path, name), "x")
	}
	open(t, path)
	for name, want := range map[string]bool{"owlcache.db.tmp": false, ".node.json123": false, "keep.txt": true, ".hidden": true, "sites.xml": true} {
		if _, err := os.Stat(filepath.Join(path, name)); (err == nil) != want {
			t.Errorf("%s: there %v, want %v", name, err == nil, want)
		}
	}
}
