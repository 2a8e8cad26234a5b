package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestLargeValueOverANarrowWay: a value that is still coming when the time is over fails
// alone. The member is well, and other keys are found on it.
func TestLargeValueOverANarrowWay(t *testing.T) {
	member := startRaw(t, func(c net.Conn, end <-chan struct{}) {
		r := bufio.NewReader(c)
		for {
			question, err := r.ReadString('\n')
			if err != nil {
				return
			}
			for line := question; strings.TrimSpace(line) != ""; {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
			}
			if strings.Contains(question, "key=large") {
				_, _ = io.WriteString(c, goodHead+"Content-Length: 1000000\r\n\r\n"+strings.Repeat("x", 2*smallBody))
				<-end
				return
			}
			_, _ = fmt.Fprint(c, goodHead+"Content-Length: 5\r\n\r\nsmall")
		}
	})
	g := startGroup(t, Options{RequestTimeout: 300 * time.Millisecond, CacheLifetime: -1}, listOf(member), newHTTPAsker)
	for _, key := range []string{"large", "other", "large", "third"} {
		answers, _ := g.Query(context.Background(), []byte(key), "")
		if want := key != "large"; (len(answers) == 1) != want {
			t.Fatalf("%s: %d answers", key, len(answers))
		}
	}
	if s := g.Status()[0]; s.State != stateUp {
		t.Fatalf("%+v", s)
	}
}
