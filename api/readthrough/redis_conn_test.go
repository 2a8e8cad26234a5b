package readthrough

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// fakeRedis answers each command from a table, others with an error.
func fakeRedis(t *testing.T, answers map[string]string) string {
	t.Helper()
	return serveConns(t, func(c net.Conn) {
		for r := bufio.NewReader(c); ; {
			words, err := readCommand(r)
			if err != nil {
				return
			}
			a := answers[strings.ToUpper(words[0])]
			if a == "" {
				a = "-ERR unknown command"
			}
			_, _ = io.WriteString(c, a+"\r\n") // its end is seen by the next read
		}
	})
}

// serveConns calls serve for each connection, which it closes afterwards.
func serveConns(t *testing.T, serve func(c net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				serve(c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	return ln.Addr().String()
}

// What a server says it will send costs no memory before it fits.
func TestRedisAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, command, answer string
		value                 string
		err                   string // "" for none
	}{
		{"value", "GET", "$4\r\nabcd", "abcd", ""},
		{"empty value", "GET", "$0\r\n", "", ""},
		{"none", "GET", "$-1", "", errMiss.Error()},
		{"grown", "GET", "$5\r\nabcde", "", errTooLarge.Error()},
		{"grown far", "GET", "$200000000\r\n" + strings.Repeat("x", 100_000), "", errTooLarge.Error()},
		{"terabytes", "GET", "$10000000000000", "", errTooLarge.Error()},
		{"no integer", "GET", "$99999999999999999999", "", errTooLarge.Error()},
		{"negative", "GET", "$-2", "", errNoRESP.Error()},
		{"no size", "GET", "$", "", errNoRESP.Error()},
		{"text for a number", "STRLEN", "$10000000000000", "", errTooLarge.Error()},
		{"endless array", "HELLO", "*1000000000000", "", errNoRESP.Error()},
		{"arrays in arrays", "HELLO", strings.Repeat("*1\r\n", 100_000), "", errNoRESP.Error()},
		{"map", "HELLO", "%1000000000000", "", errNoRESP.Error()},
		{"push", "STRLEN", ">1000000000000", "", errNoRESP.Error()},
		{"set", "GET", "~1000000000000", "", errNoRESP.Error()},
		{"long line", "GET", "+" + strings.Repeat("x", 100_000), "", errNoRESP.Error()},
		{"long error", "STRLEN", "-ERR " + strings.Repeat("x", 100_000), "", errNoRESP.Error()},
		{"no line end", "GET", "$1\n", "", errNoRESP.Error()},
		{"modules", "HELLO", "*2\r\n$7\r\nmodules\r\n*1\r\n*2\r\n$4\r\nname\r\n$2\r\nbf", "v", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := map[string]string{"STRLEN": ":1", "EXISTS": ":1", "GET": "$1\r\nv"}
			answers[tt.command] = tt.answer
			s := importFrom(t, Options{Redis: RedisOptions{Addr: fakeRedis(t, answers)}, MaxValueSize: 4})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			value, err := s.servers[0].client.get(t.Context(), "k")
			runtime.ReadMemStats(&after)
			if tt.err == "" {
				if err != nil || string(value) != tt.value {
					t.Errorf("%q, %v", value, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q, %v, want %s", value, err, tt.err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

// A line without an end is no answer, and costs no more than the longest line.
func TestRedisWithoutEnd(t *testing.T) {
	addr := serveConns(t, func(c net.Conn) {
		for chunk, err := bytes.Repeat([]byte("x"), 64<<10), error(nil); err == nil; {
			_, err = c.Write(chunk)
		}
	})
	s := importFrom(t, Options{Redis: RedisOptions{Addr: addr, SourceOptions: SourceOptions{MaxFailures: 1}}})
	s.wantMiss("k")
	if st := s.Status()[0]; st.Errors != 1 || !strings.Contains(s.log.String(), errNoRESP.Error()) {
		t.Errorf("%+v, %.1000s", st, s.log.String())
	}
}

// An answer as large as values may be at the most passes, in small pieces too.
func TestRedisLargestValue(t *testing.T) {
	value := strings.Repeat("v", 1<<20)
	answers := map[string]string{"STRLEN": fmt.Sprintf(":%d", len(value)), "EXISTS": ":1", "GET": fmt.Sprintf("$%d\r\n%s", len(value), value)}
	s := importFrom(t, Options{Redis: RedisOptions{Addr: fakeRedis(t, answers)}, MaxValueSize: len(value)})
	for i := range 3 {
		s.want(fmt.Sprint("k", i), value)
	}
}

// What a server writes into its errors does not fill the log.
func TestErrorsAreClipped(t *testing.T) {
	long := "-ERR " + strings.Repeat("ü", 2000)
	redis := fakeRedis(t, map[string]string{"STRLEN": long, "EXISTS": ":1"})
	memcached := fakeServer(t, strings.Repeat("x", 3000)+"\r\n")
	for name, opts := range map[string]Options{
		"redis":     {Redis: RedisOptions{Addr: redis, SourceOptions: SourceOptions{MaxFailures: 1}}},
		"memcached": {Memcached: MemcachedOptions{Servers: []string{memcached}, SourceOptions: SourceOptions{MaxFailures: 1}}},
	} {
		s := importFrom(t, opts)
		s.wantMiss("k")
		if log := s.log.String(); len(log) > 2000 || !strings.Contains(log, "…") {
			t.Errorf("%s: %d bytes of log: %.3000s", name, len(log), log)
		}
	}
}

// FuzzRedisConn: however answers are cut into pieces, they pass or do not pass.
func FuzzRedisConn(f *testing.F) {
	for _, answer := range []string{
		"+OK\r\n", "-ERR x\r\n", ":1\r\n:2\r\n", "$5\r\na\r\nbc\r\n+x\r\n", "$-1\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n", "*-1\r\n", "$9000\r\n", "*9999\r\n", "%1\r\n", "\r\n", "$1\n",
	} {
		f.Add([]byte(answer), uint8(3))
	}
	f.Fuzz(func(t *testing.T, answer []byte, piece uint8) {
		const limit = 64
		whole, cut := newRedisConn(nil, limit), newRedisConn(nil, limit)
		want := whole.follow(answer)
		var got error
		for rest := answer; got == nil && len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			got, rest = cut.follow(rest[:n]), rest[n:]
		}
		if !errors.Is(got, want) {
			t.Errorf("%q: in one piece %v, in pieces of %d %v", answer, want, piece+1, got)
		}
		if whole.text > limit || len(whole.line) > maxLine || want == nil && whole.elements > 2*maxRedisAnswers {
			t.Errorf("%q: %d bytes of texts, %d of a line, %d elements pass", answer, whole.text, len(whole.line), whole.elements)
		}
	})
}
