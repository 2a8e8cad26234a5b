package api

import (
	"context"

	"owlcache/engine"
)

// Importer looks elsewhere for keys that the store does not hold.
type Importer interface {
	// Import looks for key, stores what it finds and returns it: value, which many may
	// share and nobody may change, and what is known of it. It returns in bounded time,
	// and at once when ctx ends. It is safe for concurrent use and keeps no hold of key.
	Import(ctx context.Context, key []byte) (value []byte, meta engine.Meta, found bool)
	// Status returns what is known of each server that is asked.
	Status() []OriginStatus
}

// OriginStatus is what is known of a server that keys are imported from.
type OriginStatus struct {
	Source   string           // "memcached" or "redis"
	Server   string           // HOST:PORT
	Up       bool             // false: it has failed and is left alone for a while
	Hits     uint64           // questions that it had a value for
	Misses   uint64           // questions that it had none for
	Errors   uint64           // questions that it did not answer properly or in time
	TooLarge uint64           // questions that it had a value for which is larger than may be stored
	Skipped  uint64           // questions that were not sent: it is left alone, or has too many already
	Stored   uint64           // values that were stored
	Unstored uint64           // values that were answered and could not be stored
	Latency  engine.Histogram // seconds, of the questions that were sent
}

// SetImporter tells the server where else get looks for keys. It must be called before
// Ready; without it, what the store does not hold is a miss.
func (s *Server) SetImporter(i Importer) { s.importer.Store(&i) }

// imports tells whether keys that the store does not hold are looked for elsewhere.
func (s *Server) imports() bool { return s.importer.Load() != nil }

// importKey looks elsewhere for a key that the store does not hold. The value is shared:
// nobody may change it. It waits for a bounded time, and no longer than the server runs.
func (s *Server) importKey(key []byte) (value []byte, meta engine.Meta, found bool) {
	i := s.importer.Load()
	if i == nil {
		return nil, engine.Meta{}, false
	}
	return (*i).Import(s.running, key)
}

// headerImport with the value "no" asks for what the node itself has. Nodes of a group ask each
// other so: each imports what its own clients miss.
const headerImport = "Owlcache-Import"

// importUnwanted tells whether the request is one for which nothing is to be imported.
func (x *exchange) importUnwanted() bool {
	return string(x.ctx.Request.Header.Peek(headerImport)) == "no"
}

// answerImported answers a get of a key that the store does not hold.
func (x *exchange) answerImported() error {
	if x.importUnwanted() {
		return engine.ErrNotFound
	}
	value, meta, found := x.srv.importKey(x.params.key)
	if !found {
		return engine.ErrNotFound
	}
	if len(value) <= keepBuffer {
		x.ctx.SetBody(value)
	} else {
		taken := x.srv.answers.takeSoon(int64(len(value)))
		if taken == 0 {
			return refusal{status: 503, reason: errAnswersFull.Error(), retryAfter: 1}
		}
		x.stream(value, taken)
	}
	x.ctx.SetContentType(typeRaw)
	x.setDataHeaders(meta.Created)
	return nil
}
