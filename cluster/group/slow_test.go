package group

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestLargeValueOverANarrowWay: a value that is still coming when the time is over fails
// alone. The member is well, and other keys are found on it.
func TestLargeValueOverANarrowWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		member := asktest.Pipe(func(c net.Conn) {
			for r := bufio.NewReader(c); ; {
				question, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				if question.FormValue("key") == "large" {
					_, _ = io.WriteString(c, asktest.GoodHead+"Content-Length: 1000000\r\n\r\n"+strings.Repeat("x", 128<<10))
					_, _ = io.Copy(io.Discard, c) // until the other end closes
					return
				}
				_, _ = io.WriteString(c, asktest.GoodHead+"Content-Length: 5\r\n\r\nsmall")
			}
		})
		g := startGroup(t, Options{CacheLifetime: -1, Options: ask.Options{Dial: member}}, listOf("member:1"), overHTTP)
		for _, key := range []string{"large", "other", "large", "third"} {
			answers, _ := g.Query(t.Context(), []byte(key), "")
			if want := key != "large"; (len(answers) == 1) != want {
				t.Fatalf("%s: %d answers", key, len(answers))
			}
		}
		if s := g.Status()[0]; s.State != stateUp {
			t.Fatalf("%+v", s)
		}
	})
}

// askOnce asks a member over HTTP as the group does.
func askOnce(t testing.TB, address string, o Options, key string) (ask.Reply, error) {
	t.Helper()
	o.Store = storeOf(nil)
	if o.RequestTimeout == 0 {
		o.RequestTimeout = 20 * time.Second
	}
	g := startGroup(t, o, listOf(address), overHTTP)
	return g.members().members[0].ask([]byte(key))
}

// TestAskSlow: whatever a member does, it is given up on in time.
func TestAskSlow(t *testing.T) {
	drip := func(text string) func(net.Conn, <-chan struct{}) {
		return func(c net.Conn, end <-chan struct{}) {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				case <-tick.C:
				}
				if _, err := c.Write([]byte{text[min(i, len(text)-1)]}); err != nil {
					return
				}
			}
		}
	}
	for name, serve := range map[string]func(net.Conn, <-chan struct{}){
		"no answer":            func(_ net.Conn, end <-chan struct{}) { <-end },
		"head byte by byte":    drip("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 1000)),
		"body byte by byte":    drip(asktest.GoodHead + "Content-Length: 100000\r\n\r\nx"),
		"chunks byte by byte":  drip(asktest.GoodHead + "Transfer-Encoding: chunked\r\n\r\nffff\r\nx"),
		"trailer byte by byte": drip(asktest.GoodHead + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := askOnce(t, asktest.StartRaw(t, serve), Options{Options: ask.Options{RequestTimeout: 150 * time.Millisecond}}, "k")
			if !isTimeout(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}
