package readthrough

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"owlcache/engine"
)

// Options of an Importer. The zero value of a field means its default.
type Options struct {
	Memcached MemcachedOptions
	Redis     RedisOptions

	// Timeout bounds a question to all sources together, default one second. Each source
	// has an equal share of it.
	Timeout time.Duration
	// Concurrency is how many questions a server gets at once, default 64.
	Concurrency  int
	MaxValueSize int          // bytes; default and at most engine.MaxValueSize
	Logger       *slog.Logger // default discard
}

// MemcachedOptions say how memcached is asked.
type MemcachedOptions struct {
	// Servers are HOST:PORT, each key being on one of them. A server that is there twice
	// has twice the keys. Empty: memcached is not asked.
	Servers []string
	SourceOptions
}

// RedisOptions say how Redis is asked.
type RedisOptions struct {
	Addr     string // HOST:PORT; empty: Redis is not asked
	Password string // empty: none
	DB       int    // number of the database
	SourceOptions
}

// SourceOptions are those of each source.
type SourceOptions struct {
	Lifetime    time.Duration // of the keys that come from there, default 0: they do not expire
	MaxFailures int           // in a row, after which a server is left alone, default 2
	Pause       time.Duration // for which it is left alone, default two seconds
}

// withDefaults fills in the defaults and returns every mistake at once.
func (o Options) withDefaults() (Options, error) {
	o.Timeout = cmp.Or(o.Timeout, time.Second)
	o.Concurrency = cmp.Or(o.Concurrency, 64)
	o.MaxValueSize = cmp.Or(o.MaxValueSize, engine.MaxValueSize)
	for _, s := range []*SourceOptions{&o.Memcached.SourceOptions, &o.Redis.SourceOptions} {
		s.MaxFailures = cmp.Or(s.MaxFailures, 2)
		s.Pause = cmp.Or(s.Pause, 2*time.Second)
	}
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return o, o.validate()
}

func (o Options) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	addresses := o.Memcached.Servers
	if o.Redis.Addr != "" {
		addresses = append(addresses[:len(addresses):len(addresses)], o.Redis.Addr)
	}
	check(len(addresses) > 0, "there is nothing to import from")
	for _, a := range addresses {
		check(isAddress(a), "%q is not HOST:PORT", a)
	}
	check(o.Redis.DB >= 0, "database %d is negative", o.Redis.DB)
	check(o.Timeout >= time.Millisecond, "time limit %v is less than a millisecond", o.Timeout)
	check(o.Concurrency > 0, "%d questions at once are too few", o.Concurrency)
	check(o.MaxValueSize > 0 && o.MaxValueSize <= engine.MaxValueSize,
		"largest value %d is not between 1 and %d bytes", o.MaxValueSize, engine.MaxValueSize)
	for _, s := range []SourceOptions{o.Memcached.SourceOptions, o.Redis.SourceOptions} {
		check(s.Lifetime >= 0 && s.MaxFailures > 0 && s.Pause > 0, "lifetime %v, %d failures or pause %v is negative", s.Lifetime, s.MaxFailures, s.Pause)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("readthrough options: %w", errors.Join(errs...))
}

func isAddress(s string) bool {
	host, port, err := net.SplitHostPort(s)
	n, numErr := strconv.ParseUint(port, 10, 16)
	return err == nil && numErr == nil && host != "" && n > 0
}
