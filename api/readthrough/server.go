package readthrough

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Returned by client.get for a question that the server has answered properly.
var (
	// errMiss is returned when there is no such value.
	errMiss = errors.New("no such value")
	// errTooLarge is returned for a value that is larger than may be stored.
	errTooLarge = errors.New("the value is too large")
)

// client is a connection, or many, to one server.
type client interface {
	// get returns the value of key. Errors are errMiss, errTooLarge, and any other for a
	// question that was not answered properly, or not before the end of ctx.
	get(ctx context.Context, key string) ([]byte, error)
	close() error
}

const waitingPerTurn = 16

type server struct {
	source, address string
	client          client
	log             *slog.Logger
	tooLarge        limitedLog
	breaker         *gobreaker.CircuitBreaker[[]byte]

	turns   chan struct{} // holds one for each question under way
	waiting atomic.Int64  // questions that wait for their turn
	queue   time.Duration // how long they do
	limit   time.Duration // for a question

	alone atomic.Bool // it has failed and is left alone
	cause error       // of the last failure; in calls of breaker, which never overlap
	stats stats
}

// newServer makes a server without its client.
func newServer(source, address string, opts Options, o SourceOptions) *server {
	share := opts.Timeout
	if len(opts.Memcached.Servers) > 0 && opts.Redis.Addr != "" {
		share /= 2
	}
	log := opts.Logger.With("source", source, "server", address)
	s := &server{
		source: source, address: address, log: log, tooLarge: limitedLog{to: log},
		turns: make(chan struct{}, opts.Concurrency),
		queue: share / 4,
		limit: share - share/4,
	}
	s.breaker = gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{
		Timeout:       o.Pause,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return int64(c.ConsecutiveFailures) >= int64(o.MaxFailures) },
		OnStateChange: func(_ string, from, to gobreaker.State) { s.changed(from, to, o.Pause) },
		IsExcluded:    func(err error) bool { return errors.Is(err, context.Canceled) }, // the importer is being closed
		IsSuccessful: func(err error) bool {
			s.cause = err
			return err == nil || errors.Is(err, errMiss) || errors.Is(err, errTooLarge)
		},
	})
	return s
}

// changed is called in the order of the changes.
func (s *server) changed(from, to gobreaker.State, pause time.Duration) {
	switch {
	case from == gobreaker.StateClosed:
		s.alone.Store(true)
		s.log.Warn("server of origin fails and is left alone for a while", "error", shown(s.cause), "retry_after", pause.String())
	case to == gobreaker.StateClosed:
		s.alone.Store(false)
		s.log.Info("server of origin is well again")
	}
}

// enter waits for a turn, which leave gives back, if not too many wait already.
func (s *server) enter(ctx context.Context) bool {
	select {
	case s.turns <- struct{}{}:
		return true
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > int64(waitingPerTurn*cap(s.turns)) {
		return false
	}
	select {
	case s.turns <- struct{}{}:
		return true
	case <-time.After(s.queue):
	case <-ctx.Done():
	}
	return false
}

func (s *server) leave() { <-s.turns }

func (s *server) ask(ctx context.Context, key string) (value []byte, found bool) {
	value, err := s.breaker.Execute(func() ([]byte, error) {
		start := time.Now()
		defer func() { s.stats.observe(time.Since(start)) }()
		return s.get(ctx, key)
	})
	switch {
	case err == nil:
		s.stats.hits.Add(1)
		return value, true
	case errors.Is(err, errMiss):
		s.stats.misses.Add(1)
	case errors.Is(err, errTooLarge):
		s.stats.tooLarge.Add(1)
		s.tooLarge.warn("values that are larger than MaxValueSize are not imported")
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		s.stats.skipped.Add(1)
	default:
		s.stats.errors.Add(1)
		s.log.Debug("question to server of origin failed", "error", shown(err))
	}
	return nil, false
}

// shown returns the text of an error for the log: servers write into it what they like.
func shown(err error) string {
	const most = 256 // bytes
	text := err.Error()
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// get keeps a panic in the client of a protocol from taking the node along.
func (s *server) get(ctx context.Context, key string) (value []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	return s.client.get(ctx, key)
}
