package urlcache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine"
)

// The file of the classic protocol, byte for byte.
const classicFile = `<?xml version='1.0' encoding='UTF-8'?>
<sites><site><host>http://127.0.0.1:8000</host><header><value>User-Agent</value></header><max_storage_limit>5242880</max_storage_limit><check_token>0</check_token><key_expire>3</key_expire><timeout>5000</timeout><proxy></proxy></site></sites>`

func TestSites(t *testing.T) {
	local := Origin{"http", "127.0.0.1", "8000"}
	plain := func(change func(*Site)) []Site {
		s := Site{Origin: local, MaxStored: 5 << 20, Timeout: 5 * time.Second}
		if change != nil {
			change(&s)
		}
		return []Site{s}
	}
	one := func(more string) string { return "<sites>" + site("http://127.0.0.1:8000", more) + "</sites>" }
	tests := []struct {
		name, file string
		want       []Site
	}{
		{"classic", classicFile, plain(func(s *Site) { s.Headers, s.KeyExpire = []string{"User-Agent"}, 3*time.Second })},
		{"defaults", one(""), plain(nil)},
		{"byte order mark", "\xef\xbb\xbf" + one(""), plain(nil)},
		{"empty elements", one("<header></header><max_storage_limit/><check_token/><key_expire/><stale_on_error/><timeout/><proxy/>"), plain(nil)},
		{"zero is the default", one("<max_storage_limit>0</max_storage_limit><timeout>0</timeout>"), plain(nil)},
		{"another order, comments, white space", "<sites>\n<!-- c --><site> <timeout> 7\n</timeout><!-- c --><host>\n http://127.0.0.1:8000 </host> </site>\n</sites>\n<!-- c -->", plain(func(s *Site) { s.Timeout = 7 * time.Millisecond })},
		{"everything", one("<header><value>user-agent</value><value>X-Trace</value><value>User-Agent</value><value/></header><check_token>1</check_token><max_storage_limit>9</max_storage_limit><key_expire>60</key_expire><stale_on_error>600</stale_on_error><proxy>Proxy.example:3128</proxy>"),
			plain(func(s *Site) {
				s.Headers, s.CheckToken, s.MaxStored, s.KeyExpire = []string{"User-Agent", "X-Trace"}, true, 9, time.Minute
				s.StaleOnError, s.Proxy = 10*time.Minute, "proxy.example:3128"
			})},
		{"several", "<sites>" + site("http://127.0.0.1:8000") + site("https://Origin.Example/a%20b/") + "</sites>",
			append(plain(nil), Site{Origin: Origin{"https", "origin.example", "443"}, Prefix: "/a%20b", MaxStored: 5 << 20, Timeout: 5 * time.Second})},
		{"predefined entity", "<sites>" + site("http://127.0.0.1:8000/a&amp;b") + "</sites>", plain(func(s *Site) { s.Prefix = "/a&b" })},
		{"CDATA", "<sites>" + site("<![CDATA[http://127.0.0.1:8000]]>") + "</sites>", plain(nil)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, warnings, err := ParseSites("f", []byte(tt.file), engine.MaxValueSize)
			if err != nil || len(warnings) > 0 {
				t.Fatal(err, warnings)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSitesMistakes(t *testing.T) {
	const ok = "<host>http://h</host>"
	siteOf := func(inner string) string { return "<sites><site>" + inner + "</site></sites>" }
	tests := []struct {
		name, file string
		want       []string
	}{
		{"nothing", "", []string{"f: want at least one <site> in <sites>"}},
		{"no site", "<sites></sites>", []string{"f: want at least one <site> in <sites>"}},
		{"no XML", "host http://h", []string{`f:1:1: text outside of an element: "host http://h"`}},
		{"cut off", "<sites>\n<site>\n<host>http://h</host>\n", []string{"f:4:1: not valid XML: unexpected EOF"}},
		{"wrong end", "<sites>\n<site></host>", []string{"f:2:14: not valid XML: element <site> closed by </host>"}},
		{"another root", "<html></html>", []string{"f:1:1: <html>: want one element <sites> and nothing else"}},
		{"two roots", "<sites><site>" + ok + "</site></sites>\n<sites/>", []string{"f:2:1: <sites>: want one element <sites> and nothing else"}},
		{"another encoding", "<?xml version='1.0' encoding='ISO-8859-1'?><sites/>", []string{"f:1:44: want the encoding UTF-8"}},
		{"bytes that are no UTF-8", "<sites>\xff</sites>", []string{"f:1:9: not valid XML: invalid UTF-8"}},
		{"document type", "<!DOCTYPE sites [<!ENTITY a 'aaaa'>]>\n" + siteOf(ok), []string{"f:1:1: <!…>: want no document type"}},
		{"entity", siteOf("<host>http://h/&a;</host>"), []string{"f:1:32: not valid XML: invalid character entity &a;"}},
		{"instruction", siteOf(ok + "<?php x?>"), []string{"f:1:35: <?php: want no processing instructions"}},
		{"attribute", "<sites a='1'><site>" + ok + "</site></sites>", []string{"f:1:1: <sites>: want no attributes, it has a"}},
		{"namespace", `<sites xmlns="urn:x"><site>` + ok + `</site></sites>`, []string{
			"f:1:1: <sites>: want elements without a namespace", "f:1:1: <sites>: want no attributes, it has xmlns",
			"f:1:22: <site>: want elements without a namespace", "f:1:28: <host>: want elements without a namespace",
		}},
		{"element in sites", "<sites><host>http://h</host></sites>", []string{"f:1:8: <host>: want <site> in <sites>"}},
		{"text in a site", siteOf(ok + "secret"), []string{`f:1:35: text outside of an element: "secret"`}},
		{"all at once", "<sites>\n <site>\n  <hosts>x</hosts>\n  <timeout>1s</timeout>\n  <timeout>1</timeout>\n </site>\n <site><host>ftp://h</host><check_token>yes</check_token></site>\n</sites>", []string{
			"f:3:3: <hosts>: no such element: want host, header, max_storage_limit, check_token, key_expire, stale_on_error, timeout or proxy",
			"f:4:3: <timeout>: want a whole number from 0 to 3600000 (ms)",
			"f:5:3: <timeout> is given twice, first on line 4",
			"f:2:2: <site>: it has no <host>",
			"f:7:8: <host>: want http:// or https://",
			"f:7:28: <check_token>: want 0 (off) or 1 (on)",
		}},
		{"capitals", siteOf("<Host>http://h</Host>"), []string{
			"f:1:14: <Host>: no such element: want host, header, max_storage_limit, check_token, key_expire, stale_on_error, timeout or proxy",
			"f:1:8: <site>: it has no <host>",
		}},
		{"element in text", siteOf("<host>http://<b>h</b></host>"), []string{"f:1:27: <host>: want text, it has an element <b>", "f:1:14: <host>: " + errHostName.Error()}},
		{"element in header", siteOf(ok + "<header><name>A</name></header>"), []string{"f:1:43: <name>: want <value> in <header>"}},
		{"header names", siteOf(ok + "<header><value>a b</value><value>connection</value><value>Content-length</value><value>host</value><value>X:</value></header>"), []string{
			`f:1:43: <value>: "a b" is no name of a header`,
			"f:1:61: <value>: Connection belongs to one connection and is never forwarded: remove it",
			"f:1:86: <value>: Content-Length belongs to one connection and is never forwarded: remove it",
			"f:1:115: <value>: Host belongs to one connection and is never forwarded: remove it",
			`f:1:134: <value>: "X:" is no name of a header`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sites, _, err := ParseSites("f", []byte(tt.file), engine.MaxValueSize)
			if err == nil || sites != nil {
				t.Fatalf("no error, %v", sites)
			}
			if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSiteElements(t *testing.T) {
	for _, tt := range []struct{ element, value, want string }{
		{"host", "", errHostURL.Error()},
		{"host", "127.0.0.1:8000", errHostURL.Error()},
		{"host", "h", errHostURL.Error()},
		{"host", "//h", errHostURL.Error()},
		{"host", "http:h", errHostURL.Error()},
		{"host", "http://", errHostName.Error()},
		{"host", "http:///path", errHostName.Error()},
		{"host", "file:///etc/passwd", errHostScheme.Error()},
		{"host", "gopher://h", errHostScheme.Error()},
		{"host", "http://user@h", errHostUser.Error()},
		{"host", "http://user:pass@h", errHostUser.Error()},
		{"host", "http://h?x=1", errHostQuery.Error()},
		{"host", "http://h/?", errHostQuery.Error()},
		{"host", "http://h#f", errHostQuery.Error()},
		{"host", "http://h:", errHostPort.Error()},
		{"host", "http://h:0", errHostPort.Error()},
		{"host", "http://h:080", errHostPort.Error()},
		{"host", "http://h:65536", errHostPort.Error()},
		{"host", "http://h:http", errHostURL.Error()},
		{"host", "http://h/../x", errHostPath.Error()},
		{"host", "http://h/%2e%2e/x", errHostPath.Error()},
		{"host", "http://h//x", errHostPath.Error()},
		{"host", `http://h\x`, errHostURL.Error()},
		{"host", "http://2130706433", errHostName.Error()},
		{"host", "http://0x7f000001", errHostName.Error()},
		{"host", "http://0x7f.1", errHostName.Error()},
		{"host", "http://0177.0.0.1", errHostName.Error()},
		{"host", "http://127.1", errHostName.Error()},
		{"host", "http://1.2.3.4.", errHostName.Error()},
		{"host", "http://1.2.3.256", errHostName.Error()},
		{"host", "http://a..b", errHostName.Error()},
		{"host", "http://ü.example", errHostName.Error()},
		{"host", "http://[h]", errHostURL.Error()},
		{"host", "http://[127.0.0.1]", errHostURL.Error()},
		{"host", "http://" + strings.Repeat("a.", 127) + "a", errHostName.Error()},
		{"proxy", "http://p:3128", errProxyFormat.Error()},
		{"proxy", "p", errProxyFormat.Error()},
		{"proxy", ":3128", errProxyFormat.Error()},
		{"proxy", "u@p:3128", errProxyFormat.Error()},
		{"proxy", "p:0", errProxyFormat.Error()},
		{"proxy", "2130706433:80", errProxyFormat.Error()},
		{"check_token", "2", "want 0 (off) or 1 (on)"},
		{"timeout", "-1", "want a whole number from 0 to 3600000 (ms)"},
		{"timeout", "+1", "want a whole number from 0 to 3600000 (ms)"},
		{"timeout", "1.5", "want a whole number from 0 to 3600000 (ms)"},
		{"timeout", "3600001", "want a whole number from 0 to 3600000 (ms)"},
		{"key_expire", "99999999999", "want a whole number from 0 to 3153600000 (s)"},
		{"stale_on_error", "x", "want a whole number from 0 to 3153600000 (s)"},
		{"max_storage_limit", "5M", "want a whole number from 0 to 1099511627776 (bytes)"},
	} {
		file := "<sites><site><" + tt.element + ">" + tt.value + "</" + tt.element + "></site></sites>"
		_, _, err := ParseSites("f", []byte(file), engine.MaxValueSize)
		want := "f:1:14: <" + tt.element + ">: " + tt.want
		if err == nil || strings.Split(err.Error(), "\n")[0] != want {
			t.Errorf("<%s>%s: %v, want %s", tt.element, tt.value, err, want)
		}
		if strings.Contains(tt.value, "pass") && strings.Contains(err.Error(), "user:pass") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}

func TestSitesGoodHosts(t *testing.T) {
	for in, want := range map[string]string{
		"http://H.Example.":           "http://h.example.",
		"http://h:80":                 "http://h",
		"https://h:443/":              "https://h",
		"https://h:80":                "https://h:80",
		"http://[::1]:8080":           "http://[::1]:8080",
		"http://[0:0:0:0:0:0:0:1]/a/": "http://[::1]/a",
		"http://[fe80::1%25eth0]/x":   "http://[fe80::1%eth0]/x",
		"http://my_host-1/a/b":        "http://my_host-1/a/b",
		"http://169.254.169.254":      "http://169.254.169.254",
	} {
		sites := mustSites(t, site(in))
		if got := sites[0].Origin.String() + sites[0].Prefix; got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestSitesWarnings(t *testing.T) {
	file := "<sites>\n" + site("http://h", "\n<max_storage_limit>20000000</max_storage_limit>",
		"\n<stale_on_error>5</stale_on_error>", "\n<header><value>accept-encoding</value><value>Range</value></header>") + "</sites>"
	sites, warnings, err := ParseSites("f", []byte(file), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.Error())
	}
	want := []string{
		"f:5:9: <value>: Accept-Encoding is not forwarded: it could make the origin answer something else than the whole body as it is",
		"f:5:39: <value>: Range is not forwarded: it could make the origin answer something else than the whole body as it is",
		"f:3:1: <max_storage_limit>: larger than any value, 1000 bytes (MaxValueSize): that counts",
		"f:4:1: <stale_on_error>: without <key_expire> no key expires, so it has no effect",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := sites[0]; s.MaxStored != 1000 || s.StaleOnError != 0 || len(s.Headers) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSitesBounds(t *testing.T) {
	many := func(n int) []byte {
		return []byte("<sites>" + strings.Repeat("<site><host>http://h</host></site>", n) + "</sites>")
	}
	if sites, _, err := ParseSites("f", many(MaxSites), 1); err != nil || len(sites) != MaxSites {
		t.Errorf("%d sites: %v", len(sites), err)
	}
	if _, _, err := ParseSites("f", many(MaxSites+1), 1); err == nil || !strings.Contains(err.Error(), "more than 1000 sites") {
		t.Errorf("a site too many: %v", err)
	}
	if _, _, err := ParseSites("f", make([]byte, MaxFileSize+1), 1); !errors.Is(err, errFileSize) {
		t.Errorf("a large file: %v", err)
	}
	_, _, err := ParseSites("f", []byte("<sites>"+strings.Repeat("<x/>", 1000)), 1)
	if n := len(strings.Split(err.Error(), "\n")); n > maxFaults {
		t.Errorf("%d mistakes are listed", n)
	}
	headers := ""
	for i := range maxHeaders + 1 {
		headers += fmt.Sprintf("<value>X-%d</value>", i)
	}
	if _, _, err := ParseSites("f", []byte("<sites>"+site("http://h", "<header>", headers, "</header>")+"</sites>"), 1); err == nil || !strings.Contains(err.Error(), "more than 64 names") {
		t.Errorf("a header too many: %v", err)
	}
}

func TestReadSites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sites.xml")
	if _, _, err := ReadSites(path, 1); err == nil || err.Error() != path+": no such file or directory" || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, _, err := ReadSites(filepath.Dir(path), 1); err == nil {
		t.Error("a directory is no file of sites")
	}
	if err := os.WriteFile(path, []byte(classicFile), 0o600); err != nil {
		t.Fatal(err)
	}
	if sites, _, err := ReadSites(path, engine.MaxValueSize); err != nil || len(sites) != 1 {
		t.Errorf("%v, %v", sites, err)
	}
	if err := os.WriteFile(path, make([]byte, MaxFileSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadSites(path, 1); !errors.Is(err, errFileSize) {
		t.Errorf("a large file: %v", err)
	}
}

// FuzzSites: whatever a file holds, there are sites that can be used or errors with places.
func FuzzSites(f *testing.F) {
	f.Add([]byte(classicFile))
	f.Add([]byte("<sites>" + site("https://[::1]:443/a", "<stale_on_error>1</stale_on_error><key_expire>2</key_expire>") + "</sites>"))
	f.Add([]byte("<!DOCTYPE a [<!ENTITY b 'c'>]><sites>&b;</sites>"))
	f.Add([]byte("<sites><site><site><host><host/></host></site></sites><x"))
	f.Fuzz(func(t *testing.T, content []byte) {
		sites, warnings, err := ParseSites("f", content, 1000)
		if (err == nil) != (len(sites) > 0) || len(sites) > MaxSites || len(warnings) > maxFaults {
			t.Fatalf("%d sites, %d warnings, %v", len(sites), len(warnings), err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f:") {
			t.Errorf("error without a place: %v", err)
		}
		for _, s := range sites {
			if s.MaxStored < 1 || s.MaxStored > 1000 || s.Timeout <= 0 || s.KeyExpire < 0 || s.StaleOnError < 0 {
				t.Errorf("%+v", s)
			}
			again := mustSites(t, site(strings.ReplaceAll(s.Origin.String()+s.Prefix, "&", "&amp;")))[0]
			if strings.Contains(s.Origin.Host, "%") {
				continue // a zone is written with %25
			}
			if again.Origin != s.Origin || again.Prefix != s.Prefix {
				t.Errorf("%v%s, read again: %v%s", s.Origin, s.Prefix, again.Origin, again.Prefix)
			}
		}
	})
}
