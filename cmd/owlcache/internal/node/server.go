package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"owlcache/api"
	"owlcache/api/readthrough"
	"owlcache/api/urlcache"
	"owlcache/cluster"
	"owlcache/cluster/group"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/backup"
	"owlcache/engine/datadir"
)

// shutdownTime is how long requests in flight may take when the server stops.
const shutdownTime = 10 * time.Second

// Server is a running node. Run is its whole life.
type Server struct {
	config  *config.Config
	logs    *logs.Logs
	taskLog *slog.Logger // of what runs in the background
	stderr  io.Writer    // for what belongs to the operator and not into a log

	// What Start opened, in that order; Close goes backwards.
	dir         *datadir.Dir
	lists       *cluster.Lists
	ln          net.Listener
	tcpLn       net.Listener // nil: no TCP is served
	noTCP       error        // why there is none, if there should be
	certificate *certificate // nil: HTTPS is off
	secrets     secrets
	api         *api.Server
	served      chan error // the result of serving, once for each of serving
	serving     int        // how many results are to come
	store       *engine.Store
	group       *group.Group
	sync        syncNode              // nil: data sync is off
	importer    *readthrough.Importer // nil: missing keys are missing
	urlcache    *urlcache.Cache       // nil: it is off

	reload chan struct{} // holds one while Reload waits to be obeyed

	stopTasks context.CancelFunc
	tasks     sync.WaitGroup
}

// New returns a server that has not started. It tells the operator on stderr what belongs into no log.
func New(c *config.Config, l *logs.Logs, stderr io.Writer) *Server {
	return &Server{config: c, logs: l, taskLog: logs.NewTask(c, l), stderr: stderr, served: make(chan error, 2), reload: make(chan struct{}, 1)}
}

// Run starts the server, serves until ctx ends and closes it. It returns nil if
// the server stopped because it was told to.
func (s *Server) Run(ctx context.Context) (err error) {
	defer func() {
		if err = errors.Join(err, s.Close()); err == nil {
			s.logs.Info("stopped")
		}
	}()
	if err := s.Start(ctx); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil // told to stop while loading
		}
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.served:
		s.serving-- // Close waits for the others
		if err == nil {
			err = net.ErrClosed
		}
		return fmt.Errorf("serving: %w", err)
	}
}

// Start opens everything, in this order:
//
//  1. the data directory, whose lock must be held before anything else is done;
//  2. the lists of members, the certificate and the sites of the URL cache, whose mistakes are to be
//     corrected first;
//  3. the listeners: a taken port shall be known before a long load and before a password is made;
//  4. the secrets, which the data directory keeps;
//  5. HTTP and TCP, so that probes and waiting clients are answered;
//  6. the store, which recovers all data;
//  7. the group, data sync and the import of missing keys, which use the store;
//  8. only then data is served.
func (s *Server) Start(ctx context.Context) error {
	s.limitMemory()
	steps := []func(context.Context) error{
		s.openDir, s.openLists, s.openCertificate, s.openURLCache, s.listen, s.listenTCP, s.checkSyncPort, s.openSecrets, s.serveHTTP, s.openStore, s.openGroup, s.openSync, s.openImporter,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.api.Ready(s.store)
	s.startTasks()
	s.warn()
	s.announce()
	return nil
}

// gcPercent is how much garbage may gather, in percent of what is in use. The data
// lies in large blocks without pointers, which cost next to nothing to look at, so
// that collecting often is cheap, and memory is kept for data.
const gcPercent = 25

// limitMemory makes the garbage collector collect early, unless GOGC says
// otherwise, and respect the memory limit of a container.
func (s *Server) limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	limit, err := memlimit.Set()
	switch {
	case err != nil:
		s.logs.Debug("no memory limit found", "error", err)
	case limit != math.MaxInt64:
		s.logs.Debug("memory limit", "bytes", limit)
	}
}

func (s *Server) openDir(context.Context) error {
	var err error
	s.dir, err = datadir.Open(s.config.Storage.Dir)
	return err
}

// openSecrets reads the secrets or makes them. A password that was made is shown
// here and now, whatever becomes of the start: no later one shows it.
func (s *Server) openSecrets(context.Context) error {
	var err error
	if s.secrets, err = resolveSecrets(s.config, s.dir); err != nil {
		return err
	}
	if s.secrets.edited {
		s.logs.Warn("the file of secrets has no checksum, or a wrong one: it was edited by hand, written by an older owlcache, or damaged; a checksum was written", "file", s.dir.File(datadir.SecretFile))
	}
	if s.secrets.made {
		// Not into the log, which is kept and read by others.
		s.tell("owlcache made a password: "+s.secrets.password,
			"  it is shown only this once, and kept in "+s.dir.File(datadir.SecretFile))
	}
	return nil
}

func (s *Server) serveHTTP(context.Context) error {
	o := apiOptions(s.config)
	o.HTTPPort = s.ln.Addr().(*net.TCPAddr).Port
	if s.tcpLn != nil {
		o.TCPPort = s.tcpLn.Addr().(*net.TCPAddr).Port
	}
	o.Password = s.secrets.password
	o.TokenSecret = s.secrets.tokenSecret
	if s.certificate != nil {
		o.Certificate = s.certificate.present.Load
	}
	o.Logger = s.logs.Logger
	o.TCPLogger = s.logs.About("tcp")
	o.Backup = s.backup
	o.Owlcache, o.Gossip = memberList{s.lists.Owlcache}, gossipList{memberList{s.lists.Gossip}, func() syncNode { return s.sync }}
	o.GroupMode = s.config.Group.Mode
	o.URLCache, o.URLCacheEasy = s.urlcache, s.config.URLCache.Easy
	if s.config.Logs.Access {
		o.AccessLog = s.logs.About("access")
	}
	server, err := api.New(o)
	if err != nil {
		return err
	}
	s.api = server
	s.serve(func() error { return server.Serve(s.ln) })
	if s.tcpLn != nil {
		s.serve(func() error { return server.ServeTCP(s.tcpLn) })
	}
	return nil
}

// serve runs f, whose end closeHTTP waits for.
func (s *Server) serve(f func() error) {
	s.serving++
	go func() { s.served <- f() }()
}

// backup writes a backup to a client. A token must not give the password: the secrets stay here.
func (s *Server) backup(ctx context.Context, w io.Writer) error {
	_, err := backup.Write(ctx, s.dir.Path(), w, backup.Options{Version: term.Version, WithoutSecrets: true})
	return err
}

func (s *Server) openStore(ctx context.Context) error {
	var terminal io.Writer
	if term.IsTerminal(s.stderr) {
		terminal = s.stderr
	}
	p := newProgress(s.logs.Logger, terminal)
	s.api.SetLoading(p.text)
	o := engineOptions(s.config)
	o.Logger, o.TaskLogger = s.logs.Logger, s.taskLog
	o.Progress = p.update
	store, err := engine.Open(ctx, s.dir, o)
	p.done()
	if err != nil {
		return err
	}
	s.store = store
	stats := store.Stats()
	r := stats.Recovery
	s.logs.Info(fmt.Sprintf("recovered %d keys from %s in %s", stats.Keys, s.dir.Path(), r.Duration.Round(time.Microsecond)),
		"snapshot_keys", r.SnapshotKeys, "snapshot_lsn", r.SnapshotLSN, "log_records", r.LogRecords,
		"log_operations", r.LogOps, "torn_bytes", r.TornBytes, "legacy_keys", r.Legacy)
	return nil
}

// Store returns the store of a server that has started.
func (s *Server) Store() *engine.Store { return s.store }
