package status

import "owlcache/engine"

// Origin is what is known of a server that missing keys are imported from.
type Origin struct {
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
