package e2e

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is how long a test waits for a condition.
const Patience = 30 * time.Second

// WaitFor polls a condition.
func WaitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", Patience, what)
		}
	}
}

// Address finds the address of the node in the start-up lines.
func Address(stderr string) string {
	_, rest, _ := strings.Cut(stderr, "serves http://")
	addr, _, _ := strings.Cut(rest, "\n")
	return addr
}

// Request sends a form to a node, on a connection of its own.
func Request(method, target string, form url.Values) (status int, body []byte, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: Patience}
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	if len(form) > 0 {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, errors.Join(err, resp.Body.Close())
}

// Buffer is output that a test may read while a server writes it.
type Buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *Buffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *Buffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// FreeAddress returns an address of the loopback interface that nobody listens at. Its port
// lies below those that systems give to outgoing connections, one of which might take it
// before it is used.
func FreeAddress() (string, error) {
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))
		if ln, err := net.Listen("tcp", addr); err == nil {
			return addr, ln.Close()
		}
	}
	return "", errors.New("no free port was found from 10000 to 29999")
}
