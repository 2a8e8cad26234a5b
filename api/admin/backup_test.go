package admin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// withBackup sets what makes the backups.
func withBackup(f func(ctx context.Context, w io.Writer) error) func(*api.Options) {
	return func(o *api.Options) { o.Backup = f }
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
	n := apitest.Start(t, withBackup(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, want)
		return err
	}))
	token := n.Token()
	for how, req := range map[string]*http.Request{
		"token":     n.Request("GET", "/admin/backup?"+apitest.Encode("token", token), "", ""),
		"owl_token": n.Request("GET", "/admin/backup?"+apitest.Encode("owl_token", token), "", ""),
		"bearer":    n.Request("GET", "/admin/backup", "", ""),
	} {
		if how == "bearer" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		a := n.Do(req)
		if a.Status != 200 || a.Body != want || a.Header.Get("Content-Type") != "application/zstd" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, %d bytes, %v", how, a.Status, len(a.Body), a.Header)
		}
		name := a.Header.Get("Content-Disposition")
		if !strings.HasPrefix(name, `attachment; filename="owlcache-`) || !strings.HasSuffix(name, `Z.tar.zst"`) {
			t.Errorf("%s: Content-Disposition %q", how, name)
		}
	}
	if n.Admin.Backups() != 0 {
		t.Error("a place is still taken")
	}
	if a := n.Get("/livez"); a.Status != 200 {
		t.Errorf("livez: status %d", a.Status)
	}
}

func TestBackupIsRefused(t *testing.T) {
	asked := false
	n := apitest.Start(t, withBackup(func(context.Context, io.Writer) error { asked = true; return nil }))
	token := n.Token()
	for name, tt := range map[string]struct {
		req    *http.Request
		status int
	}{
		"no token":    {n.Request("GET", "/admin/backup", "", ""), 401},
		"wrong token": {n.Request("GET", "/admin/backup?token=wrong", "", ""), 401},
		"method":      {n.Request("POST", "/admin/backup?"+apitest.Encode("token", token), "", ""), 405},
		"head":        {n.Request("HEAD", "/admin/backup?"+apitest.Encode("token", token), "", ""), 405},
		"body":        {n.Request("GET", "/admin/backup", apitest.FormType, apitest.Encode("token", token)), 400},
		"below":       {n.Request("GET", "/admin/backup/x?"+apitest.Encode("token", token), "", ""), 404},
	} {
		if a := n.Do(tt.req); a.Status != tt.status {
			t.Errorf("%s: status %d, want %d", name, a.Status, tt.status)
		}
	}
	if asked {
		t.Error("a backup was made")
	}
	none := apitest.Start(t, nil)
	if a := none.Get("/admin/backup?" + apitest.Encode("token", none.Token())); a.Status != 501 {
		t.Errorf("without backups: status %d", a.Status)
	}
}

func TestBackupFailsBeforeItsFirstByte(t *testing.T) {
	for name, f := range map[string]func(context.Context, io.Writer) error{
		"error": func(context.Context, io.Writer) error { return errors.New("the disk at /secret/path is gone") },
		"panic": func(context.Context, io.Writer) error { panic("oh no") },
	} {
		n := apitest.Start(t, withBackup(f))
		a := n.Get("/admin/backup?" + apitest.Encode("token", n.Token()))
		if a.Status != 500 || strings.Contains(a.Body, "secret") || a.Reason() != "the backup failed; the log of the node says why" {
			t.Errorf("%s: status %d, %q, %q", name, a.Status, a.Body, a.Reason())
		}
		if n.Admin.Backups() != 0 {
			t.Errorf("%s: a place is still taken", name)
		}
	}
}

func TestBackupFailsInTheMiddle(t *testing.T) {
	n := apitest.Start(t, withBackup(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(make([]byte, 200_000))
		return errors.Join(err, errors.New("damage"))
	}))
	resp, err := n.Client.Do(n.Request("GET", "/admin/backup?"+apitest.Encode("token", n.Token()), "", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err := io.ReadAll(resp.Body); resp.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) || len(b) != 200_000 {
		t.Errorf("status %d, %d bytes, %v", resp.StatusCode, len(b), err)
	}
	apitest.Eventually(t, "the place is free", func() bool { return n.Admin.Backups() == 0 })
}

func TestBackupsAreLimited(t *testing.T) {
	n := apitest.Start(t, withBackup(endless))
	path := "/admin/backup?" + apitest.Encode("token", n.Token())
	var open []io.Closer
	for range 2 {
		resp, err := n.Client.Do(n.Request("GET", path, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, resp.Body)
	}
	a := n.Get(path)
	if a.Status != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, %v", a.Status, a.Header)
	}
	for _, body := range open { // the clients go away
		_ = body.Close()
	}
	apitest.Eventually(t, "the places are free", func() bool { return n.Admin.Backups() == 0 })
}

func TestBackupToAClientThatStalls(t *testing.T) {
	ended := make(chan error, 1)
	n := apitest.Start(t, func(o *api.Options) {
		o.WriteTimeout = 200 * time.Millisecond
		o.Backup = func(ctx context.Context, w io.Writer) error {
			err := endless(ctx, w)
			ended <- err
			return err
		}
	})
	token := n.Token()
	c := n.Dial()
	c.Send(fmt.Sprintf("GET /admin/backup?%s HTTP/1.1\r\nHost: localhost\r\n\r\n", apitest.Encode("token", token)))
	resp, err := http.ReadResponse(c.R, nil)
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
	apitest.Eventually(t, "the place is free", func() bool { return n.Admin.Backups() == 0 })
}

func TestBackupEndsWithTheServer(t *testing.T) {
	for name, f := range map[string]func(context.Context, io.Writer) error{
		"before the first byte": func(ctx context.Context, _ io.Writer) error { <-ctx.Done(); return ctx.Err() },
		"while it is sent":      endless,
	} {
		t.Run(name, func(t *testing.T) {
			begun := make(chan struct{})
			n := apitest.Start(t, withBackup(func(ctx context.Context, w io.Writer) error {
				close(begun)
				return f(ctx, w)
			}))
			req := n.Request("GET", "/admin/backup?"+apitest.Encode("token", n.Token()), "", "")
			result := make(chan error, 1)
			go func() {
				resp, err := n.Client.Do(req)
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
			if n.Admin.Backups() != 0 {
				t.Error("a place is still taken")
			}
		})
	}
}

// What is logged of a backup has no token.
func TestBackupIsLogged(t *testing.T) {
	var log apitest.Log
	var fail atomic.Bool
	n := apitest.Start(t, func(o *api.Options) {
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
	token := n.Token()
	n.Get("/admin/backup?" + apitest.Encode("token", token))
	fail.Store(true)
	n.Get("/admin/backup?" + apitest.Encode("token", token))
	for _, want := range []string{"backup sent", "bytes=5", "the disk is gone", "path=/admin/backup"} {
		apitest.Eventually(t, want, func() bool { return strings.Contains(log.String(), want) })
	}
	if strings.Contains(log.String(), token[:20]) {
		t.Error("the token is in the log")
	}
}
