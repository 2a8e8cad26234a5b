package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"owlcache/api/readthrough"
	"owlcache/cluster/group"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// Close stops the server. It may be called at any point of a start that failed, and more than once.
func (s *Server) Close() error {
	return errors.Join(
		// Requests in flight end first: a write among them shall still find the store open.
		s.closeHTTP(),
		// What was found elsewhere for them is stored.
		shut(&s.importer, "connections to memcached or Redis", (*readthrough.Importer).Close),
		s.closeURLCache(),
		// Now nobody writes here any more, and the other nodes get all that was written.
		s.closeSync(),
		// Nobody asks the group any more either, and then nobody needs its lists.
		shut(&s.group, "the group", (*group.Group).Close),
		s.endTasks(),
		// What is queued goes to the disk.
		shut(&s.store, "the store", (*engine.Store).Close),
		// The lock goes last, so that no other process sees files that still change.
		shut(&s.dir, "the data directory", (*datadir.Dir).Close),
	)
}

// shut closes what is open, if it is, and forgets it.
func shut[T any](open **T, what string, closeIt func(*T) error) error {
	v := *open
	if v == nil {
		return nil
	}
	*open = nil
	if err := closeIt(v); err != nil {
		return fmt.Errorf("closing %s: %w", what, err)
	}
	return nil
}

func (s *Server) endTasks() error {
	if s.stopTasks != nil {
		s.stopTasks()
		s.tasks.Wait()
	}
	return nil
}

func (s *Server) closeHTTP() error {
	if s.api == nil {
		return s.closeListeners()
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	stop := s.giveUpFetching()
	defer stop()
	var errs []error
	switch err := s.api.Shutdown(ctx); {
	case errors.Is(err, context.DeadlineExceeded):
		s.logs.Warn("connections were cut: they did not end in time", "after", shutdownTime.String())
	case err != nil:
		errs = append(errs, fmt.Errorf("stopping: %w", err))
	}
	for ; s.serving > 0; s.serving-- {
		if err := <-s.served; err != nil {
			errs = append(errs, fmt.Errorf("serving: %w", err))
		}
	}
	s.api, s.ln, s.tcpLn = nil, nil, nil
	return errors.Join(errs...)
}

// fetchGrace is how long requests may wait for an origin of the URL cache when the server stops.
const fetchGrace = 2 * time.Second

// giveUpFetching ends the requests to origins in a while, unless stop is called before.
func (s *Server) giveUpFetching() (stop func()) {
	if s.urlcache == nil {
		return func() {}
	}
	closed := make(chan struct{})
	timer := time.AfterFunc(fetchGrace, func() {
		defer close(closed)
		s.urlcache.Close()
	})
	return func() {
		if !timer.Stop() {
			<-closed
		}
	}
}
