package readthrough

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"owlcache/api/readthrough/readthroughtest"
)

func TestRedisPasswordAndDatabase(t *testing.T) {
	t.Parallel()
	const password = "a-very-secret-word"
	server := readthroughtest.Redis(t, "--requirepass", password)
	auth := []string{"AUTH", password}
	server.Do(auth, []string{"SET", "hello", "of 0"}, []string{"SELECT", "3"}, []string{"SET", "hello", "of 3"})
	for _, tt := range []struct {
		name, password string
		db             int
		value          string // "" if it fails
		reason         string
	}{
		{"right", password, 0, "of 0", ""},
		{"database", password, 3, "of 3", ""},
		{"empty database", password, 4, "", ""},
		{"none", "", 0, "", "NOAUTH"},
		{"wrong", "another-secret-word", 0, "", "WRONGPASS"},
		{"no such database", password, 99, "", "DB index"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := importFrom(t, Options{Redis: RedisOptions{Addr: server.Addr, Password: tt.password, DB: tt.db}})
			if tt.value != "" {
				s.want("hello", tt.value)
			} else {
				for range 3 {
					s.wantMiss("hello")
				}
			}
			st, log := s.Status()[0], s.log.String()
			if failed := tt.reason != ""; st.Up == failed || failed && (st.Errors != 2 || !strings.Contains(log, tt.reason)) {
				t.Errorf("%+v, log %s", st, log)
			}
			if strings.Contains(log, "secret") {
				t.Errorf("the log shows a password: %s", log)
			}
		})
	}
}

// Only texts are imported; anything else is not there.
func TestRedisTypes(t *testing.T) {
	t.Parallel()
	server := readthroughtest.Redis(t)
	server.Do(
		[]string{"RPUSH", "list", "a"}, []string{"HSET", "hash", "f", "v"}, []string{"SADD", "set", "m"}, []string{"ZADD", "sorted", "1", "m"},
		[]string{"XADD", "stream", "*", "f", "v"}, []string{"SET", "number", "42"}, []string{"SETBIT", "bits", "0", "1"},
	)
	s := importFrom(t, Options{Redis: RedisOptions{Addr: server.Addr, SourceOptions: SourceOptions{MaxFailures: 1}}})
	for _, key := range []string{"list", "hash", "set", "sorted", "stream"} {
		s.wantMiss(key)
	}
	s.want("number", "42")
	s.want("bits", "\x80")
	if st := s.Status()[0]; st.Misses != 5 || st.Errors != 0 || !st.Up {
		t.Errorf("%+v", st)
	}
}

// Old servers know neither HELLO nor CLIENT SETINFO.
func TestRedisOfOld(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"", "a-very-secret-word"} {
		args := []string{"--rename-command", "HELLO", "", "--rename-command", "CLIENT", ""}
		commands := [][]string{{"SET", "hello", "world"}}
		if password != "" {
			args = append(args, "--requirepass", password)
			commands = append([][]string{{"AUTH", password}}, commands...)
		}
		server := readthroughtest.Redis(t, args...)
		server.Do(commands...)
		s := importFrom(t, Options{Redis: RedisOptions{Addr: server.Addr, Password: password, DB: 0}})
		s.want("hello", "world")
		if st := s.Status()[0]; st.Errors != 0 {
			t.Errorf("password %q: %+v", password, st)
		}
	}
}

// What is sent is all that a server must understand.
func TestRedisCommands(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	var serving sync.WaitGroup
	serving.Go(func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		for r := bufio.NewReader(c); ; {
			words, err := readCommand(r)
			if err != nil {
				return
			}
			commands = append(commands, strings.Join(words, " "))
			answer := map[string]string{"STRLEN": ":1", "EXISTS": ":1", "GET": "$1\r\nv", "SELECT": "+OK", "AUTH": "+OK"}[strings.ToUpper(words[0])]
			if answer == "" {
				answer = "-ERR unknown command"
			}
			_, _ = io.WriteString(c, answer+"\r\n") // its end is seen by the next read
		}
	})
	s := importFrom(t, Options{Redis: RedisOptions{Addr: ln.Addr().String(), Password: "pw", DB: 2}})
	s.want("a b", "v")
	if err := errors.Join(s.Close(), ln.Close()); err != nil {
		t.Error(err)
	}
	serving.Wait()
	if got := strings.Join(commands, "; "); got != "hello 2 auth default pw; auth pw; select 2; strlen a b; exists a b; get a b" {
		t.Errorf("sent: %s", got)
	}
}

// readCommand reads an array of strings.
func readCommand(r *bufio.Reader) ([]string, error) {
	var n int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	words := make([]string, n)
	for i := range words {
		if _, err := fmt.Fscanf(r, "$%d\r\n", &n); err != nil {
			return nil, err
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		words[i] = string(b[:n])
	}
	return words, nil
}

func TestRedisErrors(t *testing.T) {
	c := &redisClient{password: "hush-hush"}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{redis.Nil, errMiss.Error()},
		{errors.New("ERR unknown command `AUTH`, with args beginning with: `hush-hush`, "), "redis: ERR unknown command `AUTH`, with args beginning with: `********`, "},
		{errors.New("ERR something else"), "ERR something else"},
	} {
		if got := c.judge(tt.err); got.Error() != tt.want {
			t.Errorf("%v: %v", tt.err, got)
		}
	}
}
