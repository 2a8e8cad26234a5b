package admin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
)

// Each backup keeps the log from being folded, and takes processors.
const maxBackups = 2

const backupRetry = 30

// ServeBackup sends a backup. It waits for the first bytes, so that what keeps it from being made has a
// status of its own; after them, a failure cuts the answer off.
func (s *Server) ServeBackup(x *exchange.Exchange, _ node.Store) {
	if s.opts.Backup == nil {
		x.Refuse(fault.Refusal{Status: 501, Reason: "this node makes no backups"})
		return
	}
	select {
	case s.backups <- struct{}{}:
	default:
		x.Refuse(fault.Refusal{Status: 503, Reason: "other backups are being made: try again later", RetryAfter: backupRetry})
		return
	}
	b := s.startBackup(x.Conn)
	if _, err := b.r.Peek(1); err != nil {
		_ = b.Close() // never fails, and tells the log
		if s.node.Stopped() {
			x.Refuse(fault.Unavailable(s.node.NotServing()))
			return
		}
		x.Refuse(fault.Refusal{Status: 500, Reason: "the backup failed; the log of the node says why"})
		return
	}
	h := &x.Ctx.Response.Header
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="owlcache-%s.tar.zst"`, b.start.UTC().Format("20060102T150405Z")))
	h.Set("Cache-Control", "no-store")
	x.Ctx.SetContentType("application/zstd")
	x.Ctx.Response.SetBodyStream(b, -1)
}

// backupStream is read and closed by the HTTP server, in the goroutine of the connection. It ends when
// it is closed and when the server stops.
type backupStream struct {
	srv   *Server
	conn  *conn.Conn
	start time.Time

	pipe   *io.PipeReader
	r      *bufio.Reader // of pipe
	sent   int64         // bytes
	whole  bool          // all has been read
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	err    error // of the backup, when tasks are done
	once   sync.Once
}

func (s *Server) startBackup(c *conn.Conn) *backupStream {
	b := &backupStream{srv: s, conn: c, start: s.node.Now()}
	var w *io.PipeWriter
	b.pipe, w = io.Pipe()
	b.r = bufio.NewReaderSize(b.pipe, node.KeepBuffer)
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(s.node.Running)
	b.tasks.Go(func() {
		b.err = b.make(ctx, w)
		_ = w.CloseWithError(b.err) // never fails
	})
	b.tasks.Go(func() {
		<-ctx.Done()
		_ = w.CloseWithError(context.Canceled) // ends a write that nobody reads; after the backup it does nothing
	})
	return b
}

// make keeps a panic from taking the node along.
func (b *backupStream) make(ctx context.Context, w io.Writer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			b.srv.node.LogPanic("making a backup", p)
			err = errors.New(fault.Internal)
		}
	}()
	return b.srv.opts.Backup(ctx, w)
}

// Read gives the client time anew for each piece.
func (b *backupStream) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.sent += int64(n)
	b.whole = errors.Is(err, io.EOF)
	if derr := b.conn.Extend(); err == nil {
		err = derr
	}
	return n, err
}

// Close ends the backup, waits for that and tells the log.
func (b *backupStream) Close() error {
	b.once.Do(b.end)
	return nil
}

func (b *backupStream) end() {
	b.cancel()
	_ = b.pipe.Close() // never fails
	b.tasks.Wait()
	<-b.srv.backups
	log := b.srv.node.Logger.With("remote", b.conn.Peer.String(), "bytes", b.sent, "took", time.Since(b.start).String())
	switch {
	case b.whole:
		log.Info("backup sent")
	case b.err == nil, errors.Is(b.err, context.Canceled), errors.Is(b.err, io.ErrClosedPipe):
		log.Warn("backup ended early: the client has gone or reads no more, or the node stops")
	default:
		log.Error("backup failed", "err", b.err)
	}
}
