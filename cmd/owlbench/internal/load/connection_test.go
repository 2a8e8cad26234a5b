package load

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestConnection(t *testing.T) {
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
	tests := []struct {
		name   string
		chunks []string
		done   bool
		err    string
	}{
		{"whole", []string{good}, true, ""},
		{"byte by byte", strings.Split(good, ""), true, ""},
		{"unfinished", []string{good[:len(good)-1]}, false, ""},
		{"too much", []string{good + "H"}, false, errUnasked.Error()},
		{"twice", []string{good, good}, false, errUnasked.Error()},
		{"other length", []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"}, true, "answered 200 with 2 bytes"},
		{"other status", []string{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}, true, "answered 404"},
		{"nonsense", []string{"nonsense"}, false, errNotHTTP.Error()},
		{"end", []string{good[:9], ""}, false, io.ErrUnexpectedEOF.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			owl := HTTPTarget("x", "", Options{Keys: 10, Value: 3})
			l := newConnection(&owl, Get, 1, 2)
			l.next(time.Now())
			var done bool
			var err error
			for i, chunk := range tt.chunks {
				if done, err = l.received([]byte(chunk)); err == nil && done && i < len(tt.chunks)-1 {
					done = false
				}
			}
			if done != tt.done || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("done %v, error %v; want %v, %q", done, err, tt.done, tt.err)
			}
		})
	}
}

func TestConnectionMix(t *testing.T) {
	owl := HTTPTarget("x", "", Options{Keys: 3, Value: 3})
	for m, want := range map[Op]float64{Get: 1, Set: 0, Mixed: 0.9} {
		l := newConnection(&owl, m, 1, 2)
		gets, seen := 0, map[string]bool{}
		for range 10_000 {
			l.next(time.Now())
			if l.isGet[0] != strings.Contains(string(l.request), "cmd=get") {
				t.Fatalf("get %v: %q", l.isGet[0], l.request)
			}
			_, key, _ := strings.Cut(string(l.request), "key=")
			seen[key[:len(KeyName(0))]] = true
			if l.isGet[0] {
				gets++
			}
		}
		if share := float64(gets) / 10_000; share < want-0.02 || share > want+0.02 {
			t.Errorf("%s: share of gets %v, want %v", m, share, want)
		}
		if len(seen) != 3 {
			t.Errorf("%s: keys %v, want all three", m, seen)
		}
	}
}

// TestConnectionDepth: several requests are sent together, and all their answers awaited.
func TestConnectionDepth(t *testing.T) {
	owl := TCPTarget("x", Options{Keys: 10, Value: 3, Depth: 3})
	tests := []struct {
		name   string
		chunks []string
		done   bool
		err    string
	}{
		{"together", []string{"abc\nabc\nabc\n"}, true, ""},
		{"one by one", []string{"abc\n", "abc\n", "abc\n"}, true, ""},
		{"across", []string{"abc\nab", "c\nabc", "\n"}, true, ""},
		{"one missing", []string{"abc\nabc\nabc"}, false, ""},
		{"one too many", []string{"abc\nabc\nabc\nabc\n"}, false, errUnasked.Error()},
		{"a miss", []string{"abc\n\nabc\n"}, false, "answered 200 with 0 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newConnection(&owl, Get, 1, 2)
			l.next(time.Now())
			if n := strings.Count(string(l.request), "get key-"); n != 3 {
				t.Fatalf("%d requests: %q", n, l.request)
			}
			var done bool
			var err error
			for _, chunk := range tt.chunks {
				done, err = l.received([]byte(chunk))
			}
			if done != tt.done || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("done %v, error %v; want %v, %q", done, err, tt.done, tt.err)
			}
		})
	}
}
