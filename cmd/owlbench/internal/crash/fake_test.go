package crash

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

const fakePassword = "a password for tests"

// fakeEntry is what a fakeServer holds of a key.
type fakeEntry struct {
	value   string
	created time.Time
	expires time.Time // zero = never
}

// fakeFault is what is wrong with a fakeServer.
type fakeFault int

const (
	healthy      fakeFault = iota
	losesLast              // a crash loses the last acknowledged set
	losesDelete            // a crash loses the last delete
	losesExpiry            // a crash loses all expiries
	flipsBit               // a crash changes a byte of a value
	dirtyReads             // a set is visible before it would survive a crash
	staleReads             // a read may give the value before the last
	losesToken             // a crash makes tokens invalid
	changesTimes           // a crash makes all values look as set now
	breaksEarly            // the server ends by itself
)

// fakeServer speaks enough of the protocol to be crashed, and keeps its data
// over its lives, but for its fault.
type fakeServer struct {
	fault   fakeFault
	mu      sync.Mutex
	visible map[string]fakeEntry // protected by mu, like all below
	durable map[string]fakeEntry
	before  map[string]fakeEntry // of each key, before the last set or delete
	lastSet string               // key
	lastDel string
	token   string
	lives   int // started
	crashes int // a request of a life before the last crash changes nothing
}

func newFakeServer(t *testing.T) *fakeServer {
	t.Helper()
	return &fakeServer{visible: map[string]fakeEntry{}, durable: map[string]fakeEntry{}, before: map[string]fakeEntry{}, token: "token-0"}
}

// fakeNode is one life of a fakeServer.
type fakeNode struct {
	server *fakeServer
	http   *http.Server
	addr   string
	served chan struct{}
	once   sync.Once
}

func (s *fakeServer) start([]string) (life, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &fakeNode{server: s, addr: listener.Addr().String(), served: make(chan struct{})}
	n.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(n.served)
		_ = n.http.Serve(listener) // always ErrServerClosed
	}()
	if s.fault == breaksEarly {
		s.mu.Lock()
		s.lives++
		if s.lives == 4 { // three lives are killed in their start
			time.AfterFunc(10*time.Millisecond, n.Kill)
		}
		s.mu.Unlock()
	}
	return n, nil
}

func (s *fakeServer) mustStart(t *testing.T) life {
	t.Helper()
	n, err := s.start(nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *fakeServer) login(ctx context.Context, addr string) (string, error) {
	return load.Login(ctx, addr, fakePassword)
}

func (s *fakeServer) snapshotTime() time.Time { return time.Time{} }

func (n *fakeNode) Address() string { return n.addr }

func (n *fakeNode) WaitReady(ctx context.Context) (time.Duration, error) {
	_, err := load.AskOK(ctx, n.addr, "/readyz")
	return 0, err
}

func (n *fakeNode) Terminate() error {
	n.Kill()
	return nil
}

// Kill ends a life: what is not durable is gone, and the fault shows.
func (n *fakeNode) Kill() {
	n.once.Do(func() {
		_ = n.http.Close()
		<-n.served
		n.server.crash()
	})
}

func (s *fakeServer) crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crashes++
	s.visible = maps.Clone(s.durable)
	switch s.fault {
	case losesLast:
		delete(s.visible, s.lastSet)
	case losesDelete:
		if entry, ok := s.before[s.lastDel]; ok {
			s.visible[s.lastDel] = entry
		}
	case losesExpiry:
		s.change(func(e *fakeEntry) { e.expires = time.Time{} })
	case flipsBit:
		s.change(func(e *fakeEntry) {
			if len(e.value) > 20 {
				e.value = e.value[:20] + string(e.value[20:][0]^1) + e.value[21:]
			}
		})
	case changesTimes:
		s.change(func(e *fakeEntry) { e.created = time.Now().Add(time.Second) })
	case losesToken:
		s.token += "x"
	}
	s.durable = maps.Clone(s.visible)
}

// change changes all entries.
func (s *fakeServer) change(f func(*fakeEntry)) {
	for key, entry := range s.visible {
		f(&entry)
		s.visible[key] = entry
	}
}

var errBadRequest = errors.New("bad request")

// handler returns the handler of one life.
func (s *fakeServer) handler() http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	life := s.crashes
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, life) })
}

// handle answers one request.
func (s *fakeServer) handle(w http.ResponseWriter, r *http.Request, life int) {
	if r.URL.Path == "/readyz" {
		return
	}
	key, cmd := r.FormValue("key"), r.FormValue("cmd")
	if cmd != "get" && cmd != "pass" && r.FormValue("token") != s.currentToken() {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch cmd {
	case "pass":
		s.pass(w, r)
	case "get":
		s.get(w, key)
	case "set":
		s.set(w, key, r, life)
	case "delete", "expire":
		s.modify(w, key, cmd, r, life)
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func (s *fakeServer) currentToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

func (s *fakeServer) pass(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("pass") != fakePassword {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	token := base64.StdEncoding.EncodeToString([]byte(s.currentToken()))
	_, _ = fmt.Fprintf(w, `{"Cmd":"pass","Status":200,"Data":%q}`, token)
}

// live returns an entry that has not expired. The caller holds mu.
func (s *fakeServer) live(key string) (fakeEntry, bool) {
	entry, ok := s.visible[key]
	return entry, ok && (entry.expires.IsZero() || time.Now().Before(entry.expires))
}

func (s *fakeServer) get(w http.ResponseWriter, key string) {
	s.mu.Lock()
	entry, ok := s.live(key)
	if old, has := s.before[key]; ok && has && s.fault == staleReads && time.Since(entry.created) < 20*time.Millisecond {
		entry = old
	}
	s.mu.Unlock()
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Keycreatetime", entry.created.UTC().Format("2006-01-02 15:04:05.999999999 -0700 MST"))
	w.Header().Set("Content-Length", strconv.Itoa(len(entry.value)))
	_, _ = w.Write([]byte(entry.value))
}

// expiry returns the expiry that a request asks for.
func expiry(r *http.Request) (time.Time, error) {
	text := r.FormValue("exptime")
	if text == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds <= 0 {
		return time.Time{}, errBadRequest
	}
	return time.Now().Add(time.Duration(seconds) * time.Second), nil
}

func (s *fakeServer) set(w http.ResponseWriter, key string, r *http.Request, life int) {
	expires, err := expiry(r)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	entry := fakeEntry{value: r.FormValue("valuedata"), created: time.Now(), expires: expires}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.crashes != life {
		return
	}
	if old, ok := s.live(key); ok {
		s.before[key] = old
	}
	s.visible[key], s.lastSet = entry, key
	if s.fault == dirtyReads {
		s.mu.Unlock()
		time.Sleep(40 * time.Millisecond) // a slow disk, for which readers do not wait
		s.mu.Lock()
	}
	if s.crashes == life {
		s.durable[key] = entry
	}
}

func (s *fakeServer) modify(w http.ResponseWriter, key, cmd string, r *http.Request, life int) {
	expires, err := expiry(r)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	entry, ok := s.live(key)
	if !ok || s.crashes != life {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if cmd == "delete" {
		s.before[key], s.lastDel = entry, key
		delete(s.visible, key)
		delete(s.durable, key)
		return
	}
	entry.expires = expires
	s.visible[key], s.durable[key] = entry, entry
}
