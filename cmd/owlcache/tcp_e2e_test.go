package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/term"
)

// tell sends lines over a connection of its own and returns an answer for each.
func tell(t *testing.T, addr string, lines ...string) []string {
	t.Helper()
	w, err := dialTCP(addr, "")
	if err != nil {
		t.Fatal(err)
	}
	greeting, err := w.say(nil, 1)
	if err != nil || greeting[0] != "Owlcache TCP Link Success..." {
		t.Fatalf("greeting %q, %v", greeting, err)
	}
	answers, err := w.say(lines, len(lines))
	if err != nil {
		t.Fatal(err)
	}
	if rest, err := w.end(); err != nil || rest != "" {
		t.Fatalf("at the end: %q, %v", rest, err)
	}
	return answers
}

// lineStatuses returns the statuses of envelopes.
func lineStatuses(t *testing.T, answers []string) (statuses []string) {
	t.Helper()
	for _, a := range answers {
		_, rest, found := strings.Cut(a, `"Status":`)
		status, _, _ := strings.Cut(rest, ",")
		if !found {
			t.Fatalf("%q is no envelope", a)
		}
		statuses = append(statuses, status)
	}
	return statuses
}

// getHTTP returns the value of a key, and the status.
func getHTTP(t *testing.T, addr, key string) string {
	t.Helper()
	status, body, err := e2e.Request(http.MethodGet, "http://"+addr+"/data/?cmd=get&key="+url.QueryEscape(key), nil)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(status, " ", string(body))
}

// TestTCPSurvivesACrash: what was acknowledged over TCP is there after a SIGKILL, over both
// protocols, and so is what was set over HTTP.
func TestTCPSurvivesACrash(t *testing.T) {
	t.Parallel()
	n := startLineNode(t)
	answers := tell(t, n.tcp, "set hello world  of owls ", "set gone x", "set brief x", "expire brief 0.001", "delete gone", "set empty", "expire hello 1000")
	for i, status := range lineStatuses(t, answers) {
		if status != "200" {
			t.Fatalf("answer %d: %s", i, answers[i])
		}
	}
	n.set("web", "line one\nline two")
	before := tell(t, n.tcp, "get hello info")
	n.kill()
	n.restart()
	for key, want := range map[string]string{"hello": "200 world  of owls ", "gone": "404 ", "brief": "404 ", "empty": "200 ", "web": "200 line one\nline two"} {
		if got := getHTTP(t, n.addr, key); got != want {
			t.Errorf("%s over HTTP: %q, want %q", key, got, want)
		}
	}
	if after := tell(t, n.tcp, "get hello info"); after[0] != before[0] {
		t.Errorf("before %s\nafter  %s", before[0], after[0])
	}
	if got := tell(t, n.tcp, "get hello", "get gone", "get brief", "get empty"); !slices.Equal(got, []string{"world  of owls ", "", "", ""}) {
		t.Errorf("over TCP: %q", got)
	}
}

// TestTCPPortTaken: a port that was chosen has to be free; the default one only for a node
// that has the default HTTP port too.
func TestTCPPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nobody connects
	n := newLineNode(t)
	n.forgetTCPPort()
	cmd := exec.CommandContext(t.Context(), "owlcache", append(n.args, "--set", "Tcpport="+portOf(t, taken.Addr().String()))...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != term.CodeFailed {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"cannot listen on " + taken.Addr().String(), "options Host and Tcpport", "choose one with the option Tcpport", "CloseTcp 0"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s\nwant %q in it", out, want)
		}
	}
}

// TestTCPDefaultPortTaken: see TestTCPPortTaken.
func TestTCPDefaultPortTaken(t *testing.T) {
	t.Parallel()
	if ln, err := net.Listen("tcp", "127.0.0.1:7720"); err == nil {
		defer ln.Close() //nolint:errcheck // nobody connects
	} // else somebody else has it, which is as well
	n := newLineNode(t)
	n.forgetTCPPort()
	n.start()
	t.Cleanup(n.stop)
	n.waitReady()
	if log := n.log.String(); !strings.Contains(log, "no TCP is served") || !strings.Contains(log, `"level":"warn"`) {
		t.Errorf("no warning: %s", log)
	}
	if got := getHTTP(t, n.addr, "k"); got != "404 " {
		t.Errorf("over HTTP: %s", got)
	}
}

func TestTCPOff(t *testing.T) {
	t.Parallel()
	n := startLineNode(t, "CloseTcp=0")
	if c, err := net.Dial("tcp", n.tcp); err == nil {
		_ = c.Close()
		t.Error("it listens")
	}
	if log := n.log.String(); strings.Contains(log, n.tcp) {
		t.Errorf("it tells of TCP: %s", log)
	}
}

// TestTCPFromAnotherMachine: a client that is not on a loopback address has to tell the
// password before it writes, unless the operator has said otherwise.
func TestTCPFromAnotherMachine(t *testing.T) {
	t.Parallel()
	ip := otherIP(t)
	for _, tt := range []struct {
		name  string
		lines []string
		open  string
		want  []string
	}{
		{"without a password", []string{"set k v", "expire k 1", "delete k"}, "0", []string{"401", "401", "401"}},
		{"with a wrong one", []string{"pass wrong", "set k v"}, "0", []string{"500", "401"}},
		{"with the password", []string{"pass " + groupPassword, "set k v", "delete k"}, "0", []string{"200", "200", "200"}},
		{"open", []string{"set k v", "delete k"}, "1", []string{"200", "200"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newLineNode(t, "Tcp_OpenWrites="+tt.open)
			n.args = append(n.args, "--host", "0.0.0.0")
			n.start()
			t.Cleanup(n.stop)
			n.waitReady()
			elsewhere := net.JoinHostPort(ip, portOf(t, n.tcp))
			if got := lineStatuses(t, tell(t, elsewhere, tt.lines...)); !slices.Equal(got, tt.want) {
				t.Errorf("statuses %q, want %q", got, tt.want)
			}
			if got := tell(t, elsewhere, "ping", "get k"); !slices.Equal(got, []string{"PONG", ""}) {
				t.Errorf("reads: %q", got)
			}
			if got := lineStatuses(t, tell(t, n.tcp, "set here v")); got[0] != "200" {
				t.Errorf("from this machine: %q", got)
			}
			if log := n.log.String(); strings.Contains(log, groupPassword) {
				t.Error("the password is in the log")
			}
		})
	}
}

// otherIP returns an IPv4 address of this machine that is no loopback address.
func otherIP(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has only loopback addresses")
	return ""
}
