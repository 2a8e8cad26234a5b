package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Close stops the server. It may be called at any point of a start that failed, and
// more than once.
func (s *Server) Close() error {
	return errors.Join(
		// Requests in flight end first: a write among them shall still find the store open,
		// and its client the answer.
		s.closeHTTP(),
		// What was found elsewhere for them is stored.
		s.closeImporter(),
		s.closeURLCache(),
		// Now nobody writes here any more, and the other nodes get all that was written.
		s.closeSync(),
		// Nobody asks the group any more either, and then nobody needs its lists.
		s.closeGroup(),
		// What is queued goes to the disk.
		s.closeStore(),
		// The lock goes last, so that no other process sees files that still change.
		s.closeDir(),
	)
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

// fetchGrace is how long requests that wait for an origin of the URL cache may go on doing so
// when the server stops.
const fetchGrace = 2 * time.Second

// giveUpFetching ends the requests to origins, whose clients are then answered, in a while, unless
// stop is called before.
func (s *Server) giveUpFetching() (stop func()) {
	if s.urlcache == nil {
		return func() {}
	}
	done := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		grace := time.NewTimer(fetchGrace)
		defer grace.Stop()
		select {
		case <-grace.C:
			s.urlcache.Close()
		case <-done:
		}
	})
	return func() {
		close(done)
		waiting.Wait()
	}
}

func (s *Server) closeGroup() error {
	if s.group == nil {
		return nil
	}
	err := s.group.Close()
	s.group = nil
	if err != nil {
		return fmt.Errorf("closing the group: %w", err)
	}
	return nil
}

func (s *Server) closeStore() error {
	if s.stopTasks != nil {
		s.stopTasks()
		s.tasks.Wait()
		s.stopTasks = nil
	}
	if s.store == nil {
		return nil
	}
	err := s.store.Close()
	s.store = nil
	if err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

func (s *Server) closeDir() error {
	if s.dir == nil {
		return nil
	}
	err := s.dir.Close()
	s.dir = nil
	if err != nil {
		return fmt.Errorf("closing the data directory: %w", err)
	}
	return nil
}
