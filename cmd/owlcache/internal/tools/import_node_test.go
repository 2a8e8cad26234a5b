package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/dump"
)

// fakeNode answers set and pass as a node does.
type fakeNode struct {
	mu     sync.Mutex
	values map[string][]string  // that were set, by key, in order
	refuse func(key string) int // status for a key; 0 = take it
	tokens int                  // given out; only the last one is good
	every  int                  // how many requests the first token is good for; -1 = any
	left   int                  // of those for the last one
}

func (f *fakeNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	cmd, key := r.FormValue("cmd"), r.FormValue("key")
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Keycreatetime", "0001-01-01 00:00:00 +0000 UTC")
	if cmd == "pass" {
		f.tokens++
		if f.left = -1; f.tokens == 1 {
			f.left = f.every
		}
		_ = json.NewEncoder(w).Encode(client.Envelope{Cmd: "pass", Status: http.StatusOK, Data: []byte(f.token())})
		return
	}
	if r.FormValue("token") != f.token() || f.left == 0 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	f.left--
	if f.refuse != nil {
		if status := f.refuse(key); status != 0 {
			w.Header().Set("Owlcache-Error", "not this one")
			w.WriteHeader(status)
			return
		}
	}
	f.values[key] = append(f.values[key], r.FormValue("valuedata"))
}

func (f *fakeNode) token() string { return fmt.Sprint("token", f.tokens) }

// put puts entries into the node.
func (f *fakeNode) put(t *testing.T, entries []engine.Entry) (int, dump.Stored, error) {
	t.Helper()
	f.values = map[string][]string{}
	server := httptest.NewServer(f)
	defer server.Close()
	c, err := client.New(server.URL, time.Minute, func() (string, error) { return "password", nil })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n := newImportNode(client.NewSession(c, ""), false)
	if _, err = n.session.Token(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	return n.Put(context.Background(), entries)
}

func importEntries(n int, key func(i int) int) (list []engine.Entry) {
	for i := range n {
		list = append(list, engine.Entry{Key: fmt.Appendf(nil, "%06d", key(i)), Value: fmt.Append(nil, i)})
	}
	return list
}

func TestImportNodeKeepsTheOrderOfAKey(t *testing.T) {
	f := fakeNode{every: -1}
	done, stored, err := f.put(t, importEntries(3000, func(i int) int { return i % 7 }))
	if err != nil || done != 3000 || stored.Written != 3000 {
		t.Fatalf("%d, %+v, %v", done, stored, err)
	}
	for key, values := range f.values {
		var want []string
		for i := range 3000 {
			if fmt.Sprintf("%06d", i%7) == key {
				want = append(want, fmt.Sprint(i))
			}
		}
		if !slices.Equal(values, want) {
			t.Errorf("key %s: %v", key, values)
		}
	}
}

func TestImportNodeLogsInAgain(t *testing.T) {
	f := fakeNode{every: 500}
	done, stored, err := f.put(t, importEntries(1200, func(i int) int { return i }))
	if err != nil || done != 1200 || stored.Written != 1200 || f.tokens != 2 {
		t.Errorf("%d, %+v, %v, %d tokens", done, stored, err, f.tokens)
	}
}

// TestImportNodeNamesTheFirstThatFails lets some fail, in several orders of the keys.
func TestImportNodeNamesTheFirstThatFails(t *testing.T) {
	for name, key := range map[string]func(i int) int{
		"ascending":  func(i int) int { return i },
		"descending": func(i int) int { return 999_999 - i },
	} {
		for status, code := range map[int]int{http.StatusInternalServerError: term.CodeFailed, http.StatusServiceUnavailable: term.CodeUnavailable} {
			bad := map[string]bool{}
			for _, i := range []int{700, 701, 1500, 1999} {
				bad[fmt.Sprintf("%06d", key(i))] = true
			}
			f := fakeNode{every: -1, refuse: func(key string) int {
				if bad[key] {
					return status
				}
				return 0
			}}
			entries := importEntries(2000, key)
			done, _, err := f.put(t, entries)
			var stderr strings.Builder
			if done != 700 || term.Finish(&stderr, err) != code || !strings.Contains(stderr.String(), "not this one") {
				t.Errorf("%s: %d, %v", name, done, err)
			}
			var refused *dump.RefusedError
			if errors.As(err, &refused) != (status == http.StatusInternalServerError) {
				t.Errorf("%s: %v", name, err)
			}
			for _, e := range entries[:done] {
				if len(f.values[string(e.Key)]) != 1 {
					t.Fatalf("%s: %s is missing", name, e.Key)
				}
			}
		}
	}
}
