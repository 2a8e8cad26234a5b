package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withBackup sets what makes the backups.
func withBackup(f func(ctx context.Context, w io.Writer) error) func(*Options) {
	return func(o *Options) { o.Backup = f }
}

// endless writes until it cannot.
func endless(_ context.Context, w io.Writer) error {
	b := bytes.Repeat([]byte("x"), 64<<10)
	for {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
}

func TestBackup(t *testing.T) {
	want := strings.Repeat("0123456789", 100_000)
	n := start(t, withBackup(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, want)
		return err
	}))
	token := n.token()
	for how, req := range map[string]*http.Request{
		"token":     n.request("GET", "/admin/backup?"+encode("token", token), "", ""),
		"owl_token": n.request("GET", "/admin/backup?"+encode("owl_token", token), "", ""),
		"bearer":    n.request("GET", "/admin/backup", "", ""),
	} {
		if how == "bearer" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		a := n.do(req)
		if a.status != 200 || a.body != want || a.header.Get("Content-Type") != "application/zstd" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, %d bytes, %v", how, a.status, len(a.body), a.header)
		}
		name := a.header.Get("Content-Disposition")
		if !strings.HasPrefix(name, `attachment; filename="owlcache-`) || !strings.HasSuffix(name, `Z.tar.zst"`) {
			t.Errorf("%s: Content-Disposition %q", how, name)
		}
	}
	if len(n.backups) != 0 {
		t.Error("a place is still taken")
	}
	if a := n.get("/livez"); a.status != 200 {
		t.Errorf("livez: status %d", a.status)
	}
}

func TestBackupIsRefused(t *testing.T) {
	asked := false
	n := start(t, withBackup(func(context.Context, io.Writer) error { asked = true; return nil }))
	token := n.token()
	for name, tt := range map[string]struct {
		req    *http.Request
		status int
	}{
		"no token":    {n.request("GET", "/admin/backup", "", ""), 401},
		"wrong token": {n.request("GET", "/admin/backup?token=wrong", "", ""), 401},
		"method":      {n.request("POST", "/admin/backup?"+encode("token", token), "", ""), 405},
		"head":        {n.request("HEAD", "/admin/backup?"+encode("token", token), "", ""), 405},
		"body":        {n.request("GET", "/admin/backup", formType, encode("token", token)), 400},
		"below":       {n.request("GET", "/admin/backup/x?"+encode("token", token), "", ""), 404},
	} {
		if a := n.do(tt.req); a.status != tt.status {
			t.Errorf("%s: status %d, want %d", name, a.status, tt.status)
		}
	}
	if asked {
		t.Error("a backup was made")
	}
	none := start(t, nil)
	if a := none.get("/admin/backup?" + encode("token", none.token())); a.status != 501 {
		t.Errorf("without backups: status %d", a.status)
	}
}

func TestBackupFailsBeforeItsFirstByte(t *testing.T) {
	for name, f := range map[string]func(context.Context, io.Writer) error{
		"error": func(context.Context, io.Writer) error { return errors.New("the disk at /secret/path is gone") },
		"panic": func(context.Context, io.Writer) error { panic("oh no") },
	} {
		n := start(t, withBackup(f))
		a := n.get("/admin/backup?" + encode("token", n.token()))
		if a.status != 500 || strings.Contains(a.body, "secret") || a.reason() != "the backup failed; the log of the node says why" {
			t.Errorf("%s: status %d, %q, %q", name, a.status, a.body, a.reason())
		}
		if len(n.backups) != 0 {
			t.Errorf("%s: a place is still taken", name)
		}
	}
}

func TestBackupFailsInTheMiddle(t *testing.T) {
	n := start(t, withBackup(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(make([]byte, 200_000))
		return errors.Join(err, errors.New("damage"))
	}))
	resp, err := n.client.Do(n.request("GET", "/admin/backup?"+encode("token", n.token()), "", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err := io.ReadAll(resp.Body); resp.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) || len(b) != 200_000 {
		t.Errorf("status %d, %d bytes, %v", resp.StatusCode, len(b), err)
	}
	eventually(t, "the place is free", func() bool { return len(n.backups) == 0 })
}

func TestBackupsAreLimited(t *testing.T) {
	n := start(t, withBackup(endless))
	path := "/admin/backup?" + encode("token", n.token())
	var open []io.Closer
	for range maxBackups {
		resp, err := n.client.Do(n.request("GET", path, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, resp.Body)
	}
	a := n.get(path)
	if a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("status %d, %v", a.status, a.header)
	}
	for _, body := range open { // the clients go away
		_ = body.Close()
	}
	eventually(t, "the places are free", func() bool { return len(n.backups) == 0 })
}

func TestBackupToAClientThatStalls(t *testing.T) {
	ended := make(chan error, 1)
	n := start(t, func(o *Options) {
		o.WriteTimeout = 200 * time.Millisecond
		o.Backup = func(ctx context.Context, w io.Writer) error {
			err := endless(ctx, w)
			ended <- err
			return err
		}
	})
	token := n.token()
	c := n.dial()
	c.send(fmt.Sprintf("GET /admin/backup?%s HTTP/1.1\r\nHost: localhost\r\n\r\n", encode("token", token)))
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the backup did not end with an error")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("a client that reads nothing keeps the backup going")
	}
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the client took what it got for the whole")
	}
	eventually(t, "the place is free", func() bool { return len(n.backups) == 0 })
}

// Each piece that is sent gets the whole time anew.
func TestBackupRenewsTheDeadline(t *testing.T) {
	n := start(t, withBackup(func(_ context.Context, w io.Writer) error {
		for range 3 {
			if _, err := io.WriteString(w, "piece"); err != nil {
				return err
			}
		}
		return nil
	}))
	n.backups <- struct{}{}
	c := &conn{}
	b := n.startBackup(c)
	old := time.Now()
	for {
		c.write.want = old // as it was long ago
		before := time.Now()
		_, err := b.Read(make([]byte, 5))
		if c.write.want.Before(before.Add(n.opts.WriteTimeout)) {
			t.Errorf("deadline %v", c.write.want)
		}
		if err != nil {
			break
		}
	}
	if err := b.Close(); err != nil || !b.whole || b.sent != 15 {
		t.Errorf("%v, whole %t, %d bytes", err, b.whole, b.sent)
	}
}

func TestBackupEndsWithTheServer(t *testing.T) {
	for name, f := range map[string]func(context.Context, io.Writer) error{
		"before the first byte": func(ctx context.Context, _ io.Writer) error { <-ctx.Done(); return ctx.Err() },
		"while it is sent":      endless,
	} {
		t.Run(name, func(t *testing.T) {
			begun := make(chan struct{})
			n := start(t, withBackup(func(ctx context.Context, w io.Writer) error {
				close(begun)
				return f(ctx, w)
			}))
			req := n.request("GET", "/admin/backup?"+encode("token", n.token()), "", "")
			result := make(chan error, 1)
			go func() {
				resp, err := n.client.Do(req)
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
					if err == nil && resp.StatusCode != 503 {
						err = errors.New("the client took what it got for the whole")
					} else {
						err = nil
					}
				}
				result <- err
			}()
			<-begun
			ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
			defer cancel()
			if err := n.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			if err := <-result; err != nil {
				t.Error(err)
			}
			if len(n.backups) != 0 {
				t.Error("a place is still taken")
			}
		})
	}
}

// What is logged of a backup has no token.
func TestBackupIsLogged(t *testing.T) {
	var log lockedBuffer
	var fail atomic.Bool
	n := start(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		o.AccessLog = o.Logger
		o.Backup = func(_ context.Context, w io.Writer) error {
			if fail.Load() {
				return errors.New("the disk is gone")
			}
			_, err := io.WriteString(w, "12345")
			return err
		}
	})
	token := n.token()
	n.get("/admin/backup?" + encode("token", token))
	fail.Store(true)
	n.get("/admin/backup?" + encode("token", token))
	for _, want := range []string{"backup sent", "bytes=5", "the disk is gone", "path=/admin/backup"} {
		eventually(t, want, func() bool { return strings.Contains(log.String(), want) })
	}
	if strings.Contains(log.String(), token[:20]) {
		t.Error("the token is in the log")
	}
}

// lockedBuffer is a buffer that several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
