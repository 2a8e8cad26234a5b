package upgrade

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

var update = flag.Bool("update", false, "write the golden outputs of upgrade-check anew")

// KvStore is an entry of a 0.5.1 node, under the name that it has there.
type KvStore struct {
	Key        string
	Value      []byte
	LifeTime   time.Duration
	CreateTime time.Time
}

func clock() time.Time { return time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC) }

// oldStore encodes a file of 0.5.1: some keys live, one of them expires some day, and one
// each that is expired and too large.
func oldStore(t testing.TB) string {
	t.Helper()
	created := clock().Add(-time.Hour)
	list := []*KvStore{
		{Key: "plain", Value: []byte("value"), CreateTime: created},
		{Key: "longer key", Value: bytes.Repeat([]byte("v"), 3000), CreateTime: created},
		{Key: "expiring", Value: []byte("value"), CreateTime: created, LifeTime: 2 * time.Hour},
		{Key: "expired", Value: []byte("value"), CreateTime: created, LifeTime: time.Minute},
		{Key: strings.Repeat("\x1bk", engine.MaxKeySize), CreateTime: created},
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&list); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// installation makes the files of one. A name that ends in / is a directory.
func installation(t *testing.T, files map[string]string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		path := filepath.Join(home, name)
		dir, isDir := strings.CutSuffix(name, "/")
		if !isDir {
			dir = filepath.Dir(name)
		}
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if isDir {
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		old := clock().Add(-24 * time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// currentDir makes a data directory of this version.
func currentDir(t *testing.T, path string) error {
	t.Helper()
	dir, err := datadir.Open(path)
	if err != nil {
		return err
	}
	store, err := engine.Open(t.Context(), dir, engine.Options{})
	if err != nil {
		return errors.Join(err, dir.Close())
	}
	_, err = store.Set([]byte("key"), []byte("value"), 0)
	return errors.Join(err, store.Checkpoint(t.Context()), store.Close(), dir.Close())
}

// runCheck runs upgrade-check in an installation, which is called HOME in the output.
func runCheck(t *testing.T, home string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	before := listing(t, home)
	var out, errs bytes.Buffer
	cmd := Command(&term.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}, clock)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	args[0] = filepath.Join(home, args[0])
	cmd.SetArgs(args)
	code = term.Finish(&errs, cmd.ExecuteContext(t.Context()))
	if after := listing(t, home); after != before {
		t.Errorf("the installation was changed:\n%s\nnow\n%s", before, after)
	}
	shown := strings.NewReplacer(home, "HOME")
	return code, shown.Replace(out.String()), shown.Replace(errs.String())
}

// listing tells all names, sizes, modes and times below dir.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, path, fi.Size(), fi.Mode(), fi.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const groupFile = `[{"Cmd":"","Address":"10.0.0.5:7721","Pass":"","Token":""},{"Cmd":"","Address":"10.0.0.6:7721","Pass":"","Token":""}]`

const sitesFile = `<?xml version='1.0' encoding='UTF-8'?>
<sites><site><host>http://127.0.0.1:8000</host></site></sites>`

func TestUpgradeGolden(t *testing.T) {
	goodConf := "Host 127.0.0.1\nPass correct-horse-battery\nDBfile ./db_file/\nCloseTcp 0\nOpen_Websocket_Server 0\nTonken_jwt_secret 0123456789abcdef0123456789abcdef\n"
	for _, test := range []struct {
		name  string
		args  string
		code  int
		files map[string]string
	}{
		{"ready", "owlcache.conf", term.CodeOK, map[string]string{
			"owlcache.conf": goodConf, "db_file/owlcache.db": oldStore(t), "db_file/auth.db": oldStore(t),
			"db_file/server_group_config.json": groupFile, "db_file/server_group_gossip_config.json": "null", "db_file/sites.xml": sitesFile}},
		{"ready_json", "owlcache.conf -o json", term.CodeOK, map[string]string{
			"owlcache.conf": goodConf, "db_file/owlcache.db": oldStore(t), "db_file/auth.db": oldStore(t),
			"db_file/server_group_config.json": groupFile, "db_file/sites.xml": sitesFile}},
		{"directory", "db_file", term.CodeOK, map[string]string{"owlcache.conf": goodConf, "db_file/owlcache.db": oldStore(t)}},
		{"other_directory", "copy", term.CodeOK, map[string]string{"owlcache.conf": goodConf, "db_file/": "", "copy/owlcache.db": oldStore(t)}},
		{"defaults", "owlcache.conf", term.CodeFailed, map[string]string{"owlcache.conf": "# nothing\n", "owlcache.db": oldStore(t)}},
		{"to_change", "owlcache.conf", term.CodeFailed, map[string]string{
			"owlcache.conf": "Pass t0psecret\nTonken_expire_time 5\nGroupDataSync 1\nGossipDataSyncAuthKey t0psecret-key\nLogfile ./log/ # here\n ResponseHost 10.0.0.5\n" +
				"Htpport 80\nTask_DataAuthBackup 5\nDBfile ./db_file\nOpen_Https 1\nGroupData_Mode Websocket\nTonken_jwt_secret  t0psecret\nOpen_Urlcache 1\nHttpport 7721\nHttpport 7722\nHost 0.0.0.0\n",
			"db_file/owlcache.db": oldStore(t), "db_file/owlcache.db.legacy": "another", "db_file/auth.db": "tokens",
			"db_file/server_group_config.json": groupFile, "db_file/server_group_gossip_config.json": `[{"Address":"broken"}]`, "db_file/sites.xml": "<sites><site></site></sites>"}},
		{"cut", "db_file", term.CodeCorrupt, map[string]string{"db_file/owlcache.db": oldStore(t)[:2000], "db_file/server_group_config.json": ""}},
		{"garbage_json", "db_file -o json", term.CodeCorrupt, map[string]string{"db_file/owlcache.db": strings.Repeat("garbage", 100)}},
		{"no_directory", "owlcache.conf", term.CodeFailed, map[string]string{"owlcache.conf": goodConf}},
		{"empty_directory", "db_file", term.CodeOK, map[string]string{"db_file/": ""}},
		{"missing", "nothing", term.CodeNotFound, nil},
		{"file_of_data", "db_file/owlcache.db", term.CodeUsage, map[string]string{"db_file/owlcache.db": oldStore(t)}},
		{"no_config", "picture", term.CodeUsage, map[string]string{"picture": "\x89PNG\r\n\x1a\n\x00"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := runCheck(t, installation(t, test.files), strings.Fields(test.args)...)
			if store, ok := test.files["db_file/owlcache.db"]; ok { // gob takes more or less, by what was encoded before
				stdout = strings.Replace(stdout, fmt.Sprintf(`"bytes": %d`, len(store)), `"bytes": SIZE`, 1)
			}
			got := fmt.Sprintf("$ owlcache upgrade-check %s\n%s", test.args, stdout)
			if stderr != "" {
				got += "--- stderr\n" + stderr
			}
			got += fmt.Sprintf("--- exit code %d\n", code)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) || !utf8.ValidString(got) {
				t.Errorf("it may control a terminal: %q", got)
			}
			if strings.Contains(got, "t0psecret") || strings.Contains(got, "battery") {
				t.Errorf("a secret is told:\n%s", got)
			}
			compareGolden(t, filepath.Join("testdata", test.name+".golden"), got)
		})
	}
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A directory that this version uses has nothing to take over, and a mistake in its
// configuration is still one.
func TestUpgradeOfThisVersion(t *testing.T) {
	home := t.TempDir()
	if err := currentDir(t, filepath.Join(home, "data")); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := runCheck(t, home, "data"); code != term.CodeOK || !strings.Contains(stdout, "nothing to take over") || strings.Contains(stdout, "clients:") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	conf := filepath.Join(home, "owlcache.conf")
	if err := os.WriteFile(conf, []byte("Pass short\nDBfile  data\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := runCheck(t, home, "owlcache.conf"); code != term.CodeFailed || !strings.Contains(stdout, "change: 1 thing to change, 0 notes") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
}

// A file that was saved a moment ago belongs to a node that runs.
func TestUpgradeWhileTheOldNodeRuns(t *testing.T) {
	home := installation(t, map[string]string{"db/owlcache.db": oldStore(t)})
	for age, want := range map[time.Duration]bool{0: true, time.Minute: true, time.Hour: false, -time.Hour: false} {
		at := clock().Add(-age)
		if err := os.Chtimes(filepath.Join(home, "db/owlcache.db"), at, at); err != nil {
			t.Fatal(err)
		}
		if _, stdout, _ := runCheck(t, home, "db"); strings.Contains(stdout, "seems to run") != want {
			t.Errorf("saved %v ago: %s", age, stdout)
		}
	}
}

// What 0.5.1 reads of a line is not always what is read now.
func TestReadDifferently(t *testing.T) {
	c, _ := config.Parse("f", nil)
	for line, want := range map[string]string{
		"Httpport 80":              "",
		"Httpport 80\r":            "",
		"Httpport":                 "",
		"Httpport ":                "",
		"# Httpport 80 90":         "",
		"[Httpport 80 90]":         "",
		"Unknown 80 90":            "",
		"Httpport 8":               "fewer than 2",
		"Tonken_expire_time 0":     "", // its default, and 0.5.1's
		"Tonken_expire_time 7":     "fewer than 2",
		"Host ::1":                 "fewer than 4",
		"Httpport  80":             "empty value",
		"Httpport 80 # web":        "first space",
		"Pass correct horse":       "first space",
		"Memcache_list a:1| b:2":   "first space",
		" Httpport 80":             "did not know",
		"\tHttpport 80":            "did not know",
		"Httpport\t80":             "did not know",
		"Httpport\u00a080":         "did not know",
		"Https_CertFile /a/b.crt ": "",
		"\ufeffHttpport 80":        "byte order mark",
		"\ufeff# Httpport 80":      "",
	} {
		f, differs := readDifferently(c, []byte(line))
		if differs != (want != "") || !strings.Contains(f.Text, want) {
			t.Errorf("%q: %v %q, want %q", line, differs, f.Text, want)
		}
	}
}

// Each value of each option of the file that ships is accepted and read as before.
func TestUpgradeOfOwnConfiguration(t *testing.T) {
	conf, err := os.ReadFile("../../../../owlcache.conf")
	if err != nil {
		t.Fatal(err)
	}
	home := installation(t, map[string]string{"owlcache.conf": string(conf), "data/owlcache.db": oldStore(t)})
	code, stdout, _ := runCheck(t, home, "owlcache.conf", "-o", "json")
	var report Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != term.CodeOK || report.Status != Ready {
		t.Fatalf("exit code %d, %v: %s", code, err, stdout)
	}
}

// The report comes in the order of what must be done.
func TestUpgradeOrder(t *testing.T) {
	u := &inspection{conf: &oldConfig{path: "c"}}
	for _, f := range []Finding{{Note, "c:2", "", "e", ""}, {Note, "", "", "f", ""}, {Note, "c:1", "", "d", ""},
		{Change, "c:10", "", "c", ""}, {Change, "c:9", "", "b", ""}, {Damaged, "x", "", "a", ""}} {
		u.report.add(f)
	}
	var got []string
	for _, f := range u.finish().Findings {
		got = append(got, f.Text)
	}
	if want := []string{"a", "b", "c", "d", "e", "f"}; !slices.Equal(got, want) || u.report.Status != Damaged {
		t.Errorf("%v, %s", got, u.report.Status)
	}
}

func FuzzUpgradeConfig(f *testing.F) {
	f.Add([]byte("Host 0.0.0.0\nPass  x y\n\tDBfile ./\nOpen_Https 1\nGroupDataSync 1\n"))
	f.Add([]byte("[x\nPass=1\n\xff\nHost ::1\r\nhost 1\nTask_DataBackup 0\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, "owlcache.conf")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		u := &inspection{now: clock()}
		if u.find(path) != nil {
			return
		}
		u.report.Data.Directory = dir // not whatever DBfile says
		u.checkConfig()
		u.checkDifferences()
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(u.finish()); err != nil {
			t.Fatal(err)
		}
	})
}
