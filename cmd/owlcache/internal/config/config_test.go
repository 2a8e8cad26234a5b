package config

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/cmd/owlcache/internal/term"
)

func TestTableIsSound(t *testing.T) {
	names, envs := map[string]bool{}, map[string]bool{}
	for _, o := range new(Config).options() {
		if names[strings.ToLower(o.Name)] || envs[o.env()] {
			t.Errorf("%s is there twice", o.Name)
		}
		names[strings.ToLower(o.Name)], envs[o.env()] = true, true
		if o.Help == "" {
			t.Errorf("%s has no help", o.Name)
		}
		if strings.Contains(o.Values, " to ") && o.high <= o.low {
			t.Errorf("%s has an empty range", o.Name)
		}
	}
	if _, errs := resolve(); len(errs) > 0 {
		t.Errorf("the defaults are refused: %v", errs)
	}
}

func TestParseConfigFile(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string // origin name=value, or origin!error
	}{
		{"empty", "", nil},
		{"plain", "Host 1.2.3.4\nHttpport 80\n", []string{"f:1 Host=1.2.3.4", "f:2 Httpport=80"}},
		{"no end of line", "Host 1.2.3.4", []string{"f:1 Host=1.2.3.4"}},
		{"CRLF", "Host 1.2.3.4\r\n\r\nHttpport 80\r\n", []string{"f:1 Host=1.2.3.4", "f:3 Httpport=80"}},
		{"byte order mark", "\ufeffHost 1.2.3.4\n", []string{"f:1 Host=1.2.3.4"}},
		{"tabs and spaces", "  Host \t 1.2.3.4  \t\n", []string{"f:1 Host=1.2.3.4"}},
		{"comments", "# Host 1.2.3.4\n  # and\n#\n", nil},
		{"headings", "[HTTP]\n [TCP] \n", nil},
		{"empty value", "Pass\nPass_File \n", []string{"f:1 Pass=", "f:2 Pass_File="}},
		{"value with spaces and a hash", "Pass a b # c\n", []string{"f:1 Pass=a b # c"}},
		{"broken heading", "[HTTP\n", []string{"f:1!a heading starts with [ and ends with ]"}},
		{"not UTF-8", "Host 1.2.3.4\nPass \xff\xfe\nHttpport 80\n", []string{"f:1 Host=1.2.3.4", "f:2!the line is not UTF-8", "f:3 Httpport=80"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, a := range parseFile("f", []byte(tt.file)) {
				if a.err != nil {
					got = append(got, fmt.Sprintf("%s!%v", a.origin, a.err))
					continue
				}
				got = append(got, fmt.Sprintf("%s %s=%s", a.origin, a.name, a.value))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResolveConfigErrors(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string
	}{
		{"unknown", "Htpport 80", []string{"f:1: no such option: Htpport, did you mean Httpport?"}},
		{"unknown and far", "Completely_Different 80", []string{"f:1: no such option: Completely_Different"}},
		{"wrong case", "httpPort 80", []string{"f:1: httpPort is spelled Httpport"}},
		{"twice", "Httpport 80\n#\nHttpport 80", []string{"f:3: Httpport is given twice, first at f:1"}},
		{"twice, once empty", "Pass\nPass 0123456789a", []string{"f:2: Pass is given twice, first at f:1"}},
		{"number too large", "Httpport 65536", []string{"f:1: Httpport 65536: want a whole number from 0 to 65535"}},
		{"number with unit", "Http_ReadTimeout 0", []string{"f:1: Http_ReadTimeout 0: want a whole number from 1 to 86400 (s)"}},
		{"not a number", "Httpport http", []string{"f:1: Httpport http: want a whole number from 0 to 65535"}},
		{"negative", "Task_DataBackup -1", []string{"f:1: Task_DataBackup -1: want a whole number from 0 to 525600 (min)"}},
		{"toggle", "AccessLog yes", []string{"f:1: AccessLog yes: want 0 (off) or 1 (on)"}},
		{"choice", "WAL_Sync Always", []string{"f:1: WAL_Sync Always: want always or everysec or no"}},
		{"size", "MaxValueSize 17MiB", []string{"f:1: MaxValueSize 17MiB: want a size from 1 to 16MiB, like 1048576 or 1MiB"}},
		{"size zero", "MaxValueSize 0", []string{"f:1: MaxValueSize 0: want a size from 1 to 16MiB, like 1048576 or 1MiB"}},
		{"size beyond 64 bits", "MaxValueSize 99999999999999999999", []string{"f:1: MaxValueSize 99999999999999999999: want a size from 1 to 16MiB, like 1048576 or 1MiB"}},
		{"host with port", "Host 127.0.0.1:80", []string{"f:1: Host 127.0.0.1:80: want an IP address or a host name, without a port"}},
		{"hosts", "Allowed_Hosts a.example, b:80", []string{"f:1: Allowed_Hosts a.example, b:80: want host names separated by commas or spaces, without ports, or *"}},
		{"control characters", "Logfile a\x00b", []string{"f:1: Logfile \"a\\x00b\": want text without control characters"}},
		{"numeric host", "Host 256.1.1.1", []string{"f:1: Host 256.1.1.1: want an IP address of four numbers from 0 to 255, or a host name"}},
		{"half an address", "ResponseHost 10.1", []string{"f:1: ResponseHost 10.1: want an IP address of four numbers from 0 to 255, or a host name"}},
		{"empty part of a host", "Host a..b", []string{"f:1: Host a..b: want an IP address or a host name, without empty parts"}},
		{"equals sign", "Httpport=8000\nPass=correct-horse\nHtpport=1\nHttpport = 8000\nPass =", []string{
			"f:1: Httpport: want white space between the name and the value, not =",
			"f:2: Pass: want white space between the name and the value, not =",
			"f:3: Htpport: want white space between the name and the value, not =",
			"f:4: Httpport: want white space between the name and the value, not =",
			"f:5: Pass: want white space between the name and the value, not =",
		}},
		{"the beginning of a name", "TokenExpire 60", []string{"f:1: no such option: TokenExpire, did you mean Tonken_expire_time?"}},
		{"short password", "Pass 012345678a", []string{"f:1: Pass: too short: want at least 11 characters, or leave it empty to have one made"}},
		{"digits only", "Pass 012345678901234", []string{"f:1: Pass: digits only: want letters or signs too, or leave it empty to have one made"}},
		{"two passwords", "Pass 0123456789a\nPass_File p", []string{"f:2: Pass_File: Pass is given too, at f:1: only one of them can count"}},
		{"secret in control error", "Pass 0123456789a\x01", []string{"f:1: Pass: want text without control characters"}},
		{"contradiction", "Websocket_Client_MinRecTime 90", []string{"f:1: Websocket_Client_MinRecTime 90: want at most Websocket_Client_MaxRecTime, which is 60"}},
		{"body memory", "Http_MaxBodyMemory 2MiB", []string{"default: MaxValueSize 16MiB: want at most Http_MaxBodyMemory, which is 2MiB"}},
		{"HTTPS without files", "Host x\nOpen_Https 1", []string{
			"f:2: Open_Https 1: it needs Https_CertFile, a PEM file",
			"f:2: Open_Https 1: it needs Https_KeyFile, a PEM file",
		}},
		{"HTTPS without a key", "Open_Https 1\nHttps_CertFile c", []string{"f:1: Open_Https 1: it needs Https_KeyFile, a PEM file"}},
		{"no origins", "Access_Control_Allow_Origin http://a.example/", []string{
			`f:1: Access_Control_Allow_Origin http://a.example/: origin "http://a.example/": want only scheme://host or scheme://host:port, without a slash at the end or anything behind it`,
		}},
		{"any origin and one", "Access_Control_Allow_Origin *, http://a.example", []string{
			"f:1: Access_Control_Allow_Origin *, http://a.example: * allows any origin: want it alone, or a list of origins without it",
		}},
		{"all at once, in order", "Open_Https 1\nHtpport 80\nAccessLog 2\nPass 1\nPass 2\nCors x\nHttps_KeyFile x\nAccessLog 3", []string{
			"f:1: Open_Https 1: it needs Https_CertFile, a PEM file",
			"f:2: no such option: Htpport, did you mean Httpport?",
			"f:3: AccessLog 2: want 0 (off) or 1 (on)",
			"f:4: Pass: too short: want at least 11 characters, or leave it empty to have one made",
			"f:5: Pass is given twice, first at f:4",
			"f:5: Pass: too short: want at least 11 characters, or leave it empty to have one made",
			"f:6: Cors x: want 0 (off) or 1 (on)",
			"f:8: AccessLog is given twice, first at f:3",
			"f:8: AccessLog 3: want 0 (off) or 1 (on)",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := Parse("f", []byte(tt.file))
			var got []string
			for _, err := range errs {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPrecedence(t *testing.T) {
	file := []assignment{{name: "Httpport", value: "1", origin: "file"}, {name: "Host", value: "1.1.1.1", origin: "file"}, {name: "Log_Level", value: "warn", origin: "file"}}
	env := []assignment{{name: "Httpport", value: "2", origin: "env"}, {name: "Host", value: "2.2.2.2", origin: "env"}, {name: "Log_Level", value: "", origin: "env"}}
	flags := []assignment{{name: "Httpport", value: "3", origin: "flag"}}
	c, errs := resolve(file, env, flags)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for name, want := range map[string][2]string{
		"Httpport":  {"3", "flag"},
		"Host":      {"2.2.2.2", "env"},
		"Log_Level": {"warn", "file"},
		"DBfile":    {"./data/", "default"},
	} {
		if s, _ := c.Find(name); s.Text != want[0] || s.Origin != want[1] {
			t.Errorf("%s is %q from %s, want %q from %s", name, s.Text, s.Origin, want[0], want[1])
		}
	}
	if c.Listen.HTTPPort != 3 || c.Setting(&c.Listen.HTTPPort).Source != Flag || c.Setting(&c.Storage.Dir).Source != Default {
		t.Errorf("%+v, %+v", c.Listen, c.Setting(&c.Listen.HTTPPort))
	}
}

func TestParseEnv(t *testing.T) {
	got := parseEnv([]string{
		"PATH=/bin", "OWLCACHE_HTTPPORT=80", "OWLCACHE_WAL_SYNC= no ", "OWLCACHE_CONFIG=x", "OWLCACHE_ADDR=y", "OWLCACHE_PASS=a=b",
		"OWLCACHE_SERVICE_HOST=10.0.0.1", "OWLCACHE_SERVICE_PORT=7721", "OWLCACHE_SERVICE_PORT_HTTP=7721", "OWLCACHE_PORT=tcp://10.0.0.1:7721",
		"OWLCACHE_PORT_7721_TCP=tcp://10.0.0.1:7721", "OWLCACHE_PORT_7721_TCP_ADDR=10.0.0.1", "OWLCACHE_HTPPORT=80", "OWLCACHE_Host=x",
		"OWLCACHE_FOO=x", "OWLCACHE_ADRR=x",
	})
	var lines []string
	for _, a := range got {
		lines = append(lines, fmt.Sprint(a.origin, " ", a.name, "=", a.value, " ", a.err))
	}
	want := []string{
		"environment OWLCACHE_ADRR = no such option, did you mean OWLCACHE_ADDR?",
		"environment OWLCACHE_FOO = no such option",
		"environment OWLCACHE_HTPPORT = no such option, did you mean OWLCACHE_HTTPPORT?",
		"environment OWLCACHE_HTTPPORT Httpport=80 <nil>",
		"environment OWLCACHE_Host = no such option, did you mean OWLCACHE_HOST?",
		"environment OWLCACHE_PASS Pass=a=b <nil>",
		"environment OWLCACHE_WAL_SYNC WAL_Sync=no <nil>",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestParseOptions(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		want        any
	}{
		{"MaxValueSize", "1048576", 1 << 20},
		{"MaxValueSize", "1MiB", 1 << 20},
		{"MaxValueSize", "1.5 MiB", 3 << 19},
		{"MaxValueSize", "1MB", 1_000_000},
		{"Websocket_Client_MaxMessageSize", "7000000", int64(7_000_000)},
		{"Httpport", "0", 0},
		{"AccessLog", "1", true},
		{"Host", "::1", "::1"},
		{"Host", "[::1]", "::1"},
		{"Host", "node-1.example", "node-1.example"},
		{"Allowed_Hosts", "a.example b.example,*", []string{"a.example", "b.example", "*"}},
		{"DBfile", "./a//b/", "a/b"},
		{"HttpClientRequestTimeout", "1500", 1500 * time.Millisecond},
		{"Task_DataBackup", "2", 2 * time.Minute},
		{"Gossip_BindAddr", "[::1]", net.ParseIP("::1")},
		{"Gossip_AdvertiseAddr", "[::1]:7946", HostPort{"::1", 7946}},
		{"Memcache_list", "a:1 | b:2", []string{"a:1", "b:2"}},
	} {
		c, errs := Parse("f", []byte(tt.name+" "+tt.value))
		s, _ := c.Find(tt.name)
		if got := reflect.ValueOf(s.field).Elem().Interface(); len(errs) > 0 || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s %s: %v, %v, want %v", tt.name, tt.value, got, errs, tt.want)
		}
	}
}

// Each field of the parts of a configuration is bound to one option, and the defaults reach them.
func TestFieldsAreBound(t *testing.T) {
	c, _ := Parse("f", nil)
	var bind func(path string, v reflect.Value)
	bind = func(path string, v reflect.Value) {
		if _, bound := v.Addr().Interface().(*HostPort); v.Kind() == reflect.Struct && !bound {
			for i := range v.NumField() {
				bind(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		}
		n := 0
		for _, s := range c.Settings() {
			if s.field == v.Addr().Interface() {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is bound to %d options", path, n)
		}
	}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if part := v.Field(i); part.Kind() == reflect.Struct {
			bind(v.Type().Field(i).Name, part)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"Host", "Httpport", "Tcpport", "Open_Https", "Tonken_expire_time", "Max_Connections", "Max_Connections_PerIP"}
	for name, want := range map[string]string{
		"Htpport": "Httpport", "httpport": "Httpport", "Tcpprot": "Tcpport", "OpenHttps": "Open_Https",
		"Hots": "Host", "TokenExpire": "Tonken_expire_time", "Token_Expire_Time": "Tonken_expire_time",
		"MaxConnections": "Max_Connections", "max-connections-perip": "Max_Connections_PerIP", "Max_Con": "Max_Connections",
		"Something": "", "Foo": "", "Hos": "Host", "Ope": "", "Port": "", "": "", strings.Repeat("x", 1000): "",
	} {
		if got := nearest(name, names); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", name, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b          string
		whole, prefix int
	}{
		{"", "", 0, 0},
		{"", "abc", 3, 0},
		{"abc", "", 3, 3},
		{"abc", "abc", 0, 0},
		{"kitten", "sitting", 3, 2},
		{"ab", "ba", 1, 1},
		{"acbd", "abcd", 1, 1},
		{"abc", "abcdef", 3, 0},
		{"axc", "abcdef", 4, 1},
	} {
		if whole, prefix := editDistance(tt.a, tt.b); whole != tt.whole || prefix != tt.prefix {
			t.Errorf("editDistance(%q, %q) = %d, %d, want %d, %d", tt.a, tt.b, whole, prefix, tt.whole, tt.prefix)
		}
	}
}

func TestLoadConfigFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if c, err := Load(Flags{}, nil); err != nil || c.File != "" {
		t.Errorf("without a file: %+v, %v", c, err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("owlcache.conf", "Httpport 1\n")
	write("env.conf", "Httpport 2\n")
	write("flag.conf", "Httpport 3\n")
	for _, tt := range []struct {
		flag string
		env  []string
		want int
	}{
		{"", nil, 1},
		{"", []string{"OWLCACHE_CONFIG=env.conf"}, 2},
		{"flag.conf", []string{"OWLCACHE_CONFIG=env.conf"}, 3},
	} {
		c, err := Load(Flags{File: tt.flag}, tt.env)
		if err != nil || c.Listen.HTTPPort != tt.want {
			t.Errorf("flag %q, environment %q: %+v, %v, want port %d", tt.flag, tt.env, c, err, tt.want)
		}
	}
	if _, err := Load(Flags{File: "missing.conf"}, nil); term.Finish(&strings.Builder{}, err) != term.CodeUsage {
		t.Errorf("a file that is missing: %v", err)
	}
	if _, err := Load(Flags{}, []string{"OWLCACHE_CONFIG=missing.conf"}); term.Finish(&strings.Builder{}, err) != term.CodeUsage {
		t.Errorf("a file that is missing: %v", err)
	}
}

func FuzzParseConfigFile(f *testing.F) {
	all, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "owlcache.conf"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(all)
	f.Add([]byte("\ufeff# c\r\n[H]\nHost 127.0.0.1\nPass\nMaxValueSize 1MiB\nHttpport 70000\n\xff\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list := parseFile("f", data)
		if lines := strings.Count(string(data), "\n") + 1; len(list) > lines {
			t.Fatalf("%d assignments from %d lines", len(list), lines)
		}
		c, errs := resolve(list)
		for _, s := range c.Settings() {
			if s.Text == "" {
				continue
			}
			field := reflect.ValueOf(s.field).Elem()
			before := field.Interface()
			set, err := s.read(s.Text)
			if err != nil {
				t.Fatalf("%s holds %q, which it refuses: %v", s.Name, s.Text, err)
			}
			if set(); !s.Obsolete && !reflect.DeepEqual(before, field.Interface()) {
				t.Fatalf("%s holds %v for %q, not %v", s.Name, before, s.Text, field.Interface())
			}
			if s.Values != "" && s.high > 0 && s.Unit == "" && (field.Int() < s.low || field.Int() > s.high) {
				t.Fatalf("%s is %v, out of its range", s.Name, field.Interface())
			}
		}
		for _, err := range errs {
			if err.Error() == "" {
				t.Fatal("an error without text")
			}
		}
	})
}

func FuzzNearest(f *testing.F) {
	f.Add("Htpport")
	names := []string{}
	for _, o := range new(Config).options() {
		names = append(names, o.Name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got := nearest(name, names); got != "" && !slices.Contains(names, got) {
			t.Fatalf("%q is no candidate", got)
		}
	})
}
