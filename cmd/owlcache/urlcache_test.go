package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/term"
)

// A mistake in the file of sites stops the start and is found by config check, with its
// line; while the URL cache is off, nobody looks at the file.
func TestSitesFileIsChecked(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sites.xml")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(command []string, settings ...string) (code int, stdout, stderr string) {
		var out, errOut e2e.Buffer
		args := append(command, "--dir", dir, "--port", "0")
		for _, s := range append(settings, "CloseTcp=0") {
			args = append(args, "--set", s)
		}
		code = run(t.Context(), args, nil, strings.NewReader(""), &out, &errOut)
		return code, out.String(), errOut.String()
	}
	for _, command := range [][]string{{"config", "check"}, {"serve"}} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := check(command, "Open_Urlcache=1"); code != term.CodeUsage || !strings.Contains(stderr, path+": no such file") || !strings.Contains(stderr, "Open_Urlcache 0") {
			t.Errorf("%s without a file: %d, %s", command, code, stderr)
		}
		write("<sites>\n<site>\n<host>ftp://h</host>\n<timeout>x</timeout>\n</site>\n</sites>")
		code, _, stderr := check(command, "Open_Urlcache=1")
		if code != term.CodeUsage || !strings.Contains(stderr, path+":3:1: <host>: want http:// or https://") || !strings.Contains(stderr, path+":4:1: <timeout>: want a whole number") {
			t.Errorf("%s with mistakes: %d, %s", command, code, stderr)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	makePipe(t, path)
	for _, command := range [][]string{{"config", "check"}, {"serve"}} {
		if code, _, stderr := check(command, "Open_Urlcache=1"); code != term.CodeUsage || !strings.Contains(stderr, path+": it is no regular file") {
			t.Errorf("%s with a pipe: %d, %s", command, code, stderr)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := check([]string{"config", "check"}); code != term.CodeOK {
		t.Errorf("switched off: %d, %s", code, stderr)
	}
	write("<sites><site><host>http://h</host><stale_on_error>5</stale_on_error></site></sites>")
	if code, _, stderr := check([]string{"config", "check"}, "Open_Urlcache=1"); code != term.CodeOK || !strings.Contains(stderr, "warning: "+path+":1:35: <stale_on_error>") {
		t.Errorf("something unwise: %d, %s", code, stderr)
	}
}

// ucGet asks a node and returns status, body and header.
func ucGet(t *testing.T, url string) (status int, body string, header http.Header) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: e2e.Patience}
	resp, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return 0, "", nil
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// TestURLCacheProgram runs the program itself: what was fetched is there with its content type
// after a crash and without the origin; SIGHUP takes up the sites, but not wrong ones.
func TestURLCacheProgram(t *testing.T) {
	var asked atomic.Int32
	page := func(text string) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			w.Header().Set("Content-Type", "text/css; charset=utf-8")
			_, _ = io.WriteString(w, text+" "+r.RequestURI)
		}))
	}
	first, second := page("first"), page("second")
	defer second.Close()
	addr := freeAddresses(t, 1)[0]
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n := &groupNode{t: t, addr: addr, dir: filepath.Join(t.TempDir(), "data"), log: &e2e.Buffer{}}
	n.args = []string{"serve", "--dir", n.dir, "--port", port, "--set", "CloseTcp=0", "--set", "Open_Urlcache=1", "--set", "Urlcache_Request_Easy=1"}
	if err := os.Mkdir(n.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	sites := func(content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(n.dir, "sites.xml"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sites("<sites><site><host>" + first.URL + "</host></site></sites>")
	n.start()
	t.Cleanup(n.stop)
	n.waitReady()

	wanted := func(target, body, contentType, cacheStatus string) {
		t.Helper()
		status, got, header := ucGet(t, "http://"+n.addr+target)
		if status != http.StatusOK || got != body || header.Get("Content-Type") != contentType || header.Get("Cache-Status") != cacheStatus {
			t.Errorf("%s: %d, %q, %v", target, status, got, header)
		}
	}
	const css = "text/css; charset=utf-8"
	wanted("/uc/?cmd=get&key=/a.css", "first /a.css", css, "owlcache; fwd=miss; stored")
	wanted("/b.css?v=1", "first /b.css?v=1", css, "owlcache; fwd=miss; stored")
	first.Close()
	n.kill()
	n.restart()
	wanted("/a.css", "first /a.css", css, "owlcache; hit")
	wanted("/b.css?v=1", "first /b.css?v=1", css, "owlcache; hit")
	if status, _, _ := ucGet(t, "http://"+n.addr+"/c.css"); status != http.StatusBadGateway {
		t.Errorf("without the origin: %d", status)
	}

	sites("<sites>\n<site><hosts/></site></sites>")
	reload := func(line string) {
		t.Helper()
		if err := n.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		n.eventually("log "+line, func() error {
			if !strings.Contains(n.log.String(), line) {
				return errors.New("not yet")
			}
			return nil
		})
	}
	reload("sites.xml:2:7: <hosts>: no such element")
	if status, _, _ := ucGet(t, "http://"+n.addr+"/c.css"); status != http.StatusBadGateway {
		t.Errorf("with a broken file: %d", status)
	}
	sites("<sites><site><host>" + second.URL + "</host></site></sites>")
	reload("sites of the URL cache read again")
	wanted("/c.css", "second /c.css", css, "owlcache; fwd=miss; stored")
	wanted("/a.css", "first /a.css", css, "owlcache; hit")
	if asked.Load() != 3 {
		t.Errorf("the origins were asked %d times", asked.Load())
	}
}
