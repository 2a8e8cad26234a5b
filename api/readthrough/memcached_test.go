package readthrough

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"owlcache/api/readthrough/readthroughtest"
)

// Each key is asked of the server where clients of memcached put it.
func TestMemcachedServers(t *testing.T) {
	t.Parallel()
	first, second := readthroughtest.Memcached(t), readthroughtest.Memcached(t)
	addrs := []string{first.Addr, second.Addr}
	put := memcache.New(addrs...)
	for i := range 50 {
		if err := put.Set(&memcache.Item{Key: fmt.Sprint("key", i), Value: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := put.Close(); err != nil {
		t.Error(err)
	}
	s := importFrom(t, Options{Memcached: MemcachedOptions{Servers: addrs, SourceOptions: SourceOptions{MaxFailures: 1}}})
	for i := range 40 {
		s.want(fmt.Sprint("key", i), fmt.Sprint(i))
	}
	st := s.Status()
	if len(st) != 2 || st[0].Hits+st[1].Hits != 40 || st[0].Hits < 5 || st[1].Hits < 5 || st[0].Misses+st[1].Misses != 0 {
		t.Errorf("%+v", st)
	}

	// One that is down takes only its own keys along.
	first.Kill()
	for i := 40; i < 50; i++ {
		key := fmt.Sprint("key", i)
		if s.sources[0].pick(key) == s.servers[1] {
			s.want(key, fmt.Sprint(i))
		} else {
			s.wantMiss(key)
		}
	}
	if st = s.Status(); st[0].Up || !st[1].Up {
		t.Errorf("%+v", st)
	}
}

// The choice is that of the library.
func TestMemcachedRing(t *testing.T) {
	for _, addrs := range [][]string{
		{"127.0.0.1:1"},
		{"127.0.0.1:1", "127.0.0.1:2"},
		{"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:2"},
	} {
		opts, err := Options{Memcached: MemcachedOptions{Servers: addrs}}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		ring, servers := newMemcached(opts)
		var list memcache.ServerList
		if err := list.SetServers(addrs...); err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			key := strings.Repeat("k", i%200) + fmt.Sprint(i)
			want, err := list.PickServer(key)
			if err != nil {
				t.Fatal(err)
			}
			if got := ring.pick(key); got.address != want.String() {
				t.Fatalf("%v: %q is on %s, want %s", addrs, key, got.address, want)
			}
		}
		if len(servers) != min(len(addrs), 3) {
			t.Errorf("%v: %d servers", addrs, len(servers))
		}
	}
}

// What memcached cannot hold is not asked for.
func TestMemcachedKeys(t *testing.T) {
	t.Parallel()
	server := readthroughtest.Memcached(t)
	s := importFrom(t, Options{Memcached: MemcachedOptions{Servers: []string{server.Addr}}})
	for _, key := range []string{strings.Repeat("k", 251), "a b", "a\tb", "a\nb", "a\r\nset b 0 0 1\r\nx", "\x00", "a\x7fb", " "} {
		s.wantMiss(key)
	}
	if n := server.MemcachedGets(); n != 0 {
		t.Errorf("asked %d times", n)
	}
	s.wantMiss(strings.Repeat("k", 250))
	s.wantMiss("\x80ü")
	if st := s.Status()[0]; st.Misses != 2 || server.MemcachedGets() != 2 {
		t.Errorf("%+v, asked %d times", st, server.MemcachedGets())
	}
}

// fakeServer answers the first question of each connection with the same text.
func fakeServer(t *testing.T, answer string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if _, err := bufio.NewReader(c).ReadString('\n'); err == nil {
				_, _ = io.WriteString(c, answer) // whoever asked may have gone
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return ln.Addr().String()
}

func TestMemcachedAnswers(t *testing.T) {
	for _, tt := range []struct {
		answer, value string
		err           string // "" for none
	}{
		{"VALUE k 0 1\r\nv\r\nEND\r\n", "v", ""},
		{"VALUE k 0 0 7\r\n\r\nEND\r\n", "", ""},
		{"VALUE k 0 4\r\nabcd\r\nEND\r\n", "abcd", ""},
		{"VALUE k 0 5\r\nabcde\r\nEND\r\n", "", errTooLarge.Error()},
		{"VALUE k 0 4294967295\r\n", "", errTooLarge.Error()},
		{"VALUE k 0 99999999999999999999\r\n", "", errTooLarge.Error()},
		{"VALUE k 0 1\r\nv\r\nVALUE k 0 4294967295 1\r\n", "", errTooLarge.Error()},
		{"END\r\n", "", errMiss.Error()},
		{"VALUE k 0 -1\r\n", "", "unexpected line"},
		{"VALUE k 0 1\r\nvv\r\nEND\r\n", "", "corrupt"},
		{"SERVER_ERROR out of memory\r\n", "", "unexpected line"},
		{"VALUE k 0 1\r\n", "", "EOF"},
		{strings.Repeat("x", 10_000), "", "buffer full"},
		{"", "", "EOF"},
	} {
		s := importFrom(t, Options{Memcached: MemcachedOptions{Servers: []string{fakeServer(t, tt.answer)}}, MaxValueSize: 4})
		value, err := s.servers[0].client.get(t.Context(), "k")
		if tt.err == "" {
			if err != nil || string(value) != tt.value {
				t.Errorf("%.40q: %q, %v", tt.answer, value, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%.40q: %q, %v, want %s", tt.answer, value, err, tt.err)
		}
	}
}

// An answer without end is one that does not come in time.
func TestMemcachedWithoutEnd(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		c, err := ln.Accept()
		for err == nil {
			_, err = io.WriteString(c, "VALUE k 0 1\r\nv\r\n")
		}
	})
	s := importFrom(t, Options{Memcached: MemcachedOptions{Servers: []string{ln.Addr().String()}}, Timeout: 100 * time.Millisecond})
	if value, err := s.servers[0].client.get(t.Context(), "k"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", value, err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	serving.Wait()
}

// FuzzMemcachedConn: however an answer is cut into pieces, it fits or does not fit, and
// what fits announces no value larger than the limit.
func FuzzMemcachedConn(f *testing.F) {
	for _, answer := range []string{
		"VALUE k 0 1\r\nv\r\nEND\r\n", "VALUE k 0 5 9\r\nabcde\r\nEND\r\n", "VALUE k 0 2\r\n\r\n\r\nVALUE l 0 99\r\n", "END\r\n", "VALUE k 0 x\r\n", "\n\n",
	} {
		f.Add([]byte(answer), uint8(3))
	}
	value := regexp.MustCompile(`^VALUE [^ \n]* [0-9]+ ([0-9]+)(?: [0-9]+)?\r\n`)
	f.Fuzz(func(t *testing.T, answer []byte, piece uint8) {
		const limit = 4
		whole := newMemcachedConn(nil, limit, 0).follow(answer) == nil
		cut := newMemcachedConn(nil, limit, 0)
		fits := true
		for rest := answer; fits && len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			fits, rest = cut.follow(rest[:n]) == nil, rest[n:]
		}
		if fits != whole {
			t.Errorf("%q: in one piece %v, in pieces of %d %v", answer, whole, piece+1, fits)
		}
		if !whole {
			return
		}
		// The library, reading the same, makes no room for more.
		if m := value.FindSubmatch(answer); m != nil {
			if size, err := strconv.ParseUint(string(m[1]), 10, 32); err == nil && size > limit {
				t.Errorf("%q: a value of %d bytes passes", answer, size)
			}
		}
	})
}

func TestIsEnd(t *testing.T) {
	if isEnd(nil) || isEnd(errors.New("x")) || !isEnd(fmt.Errorf("reading: %w", io.EOF)) {
		t.Error("io.EOF, and nothing else, is the end of a connection")
	}
}
