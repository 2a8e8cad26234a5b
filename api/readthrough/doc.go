// Package readthrough imports keys from memcached and Redis: a key that the store does not hold
// is looked for there, stored and answered.
//
//	importer, err := readthrough.New(store, readthrough.Options{
//		Memcached: readthrough.MemcachedOptions{Servers: []string{"10.0.0.5:11211", "10.0.0.6:11211"}},
//		Redis:     readthrough.RedisOptions{Addr: "10.0.0.7:6379"},
//	})
//	value, meta, found := importer.Import(ctx, key)   // after a miss in the store
//	...
//	importer.Close()                                  // waits; the store is still open
//
// New connects to nothing. All who want the same key at the same time share one flight
// (importer.go), which asks memcached, then Redis. Of several memcached servers it asks the one
// that holds the key: the CRC-32 (IEEE) of the key, modulo their number, as clients of memcached
// spread keys. What is found is stored if the store still has no such key: a client that has
// written meanwhile wins, and its value is the answer. A value that cannot be stored is answered
// all the same.
//
// # Promises
//
//   - Import returns within Options.Timeout and the time that the store takes.
//   - A server has at most Options.Concurrency questions at once. A few more wait a
//     moment for their turn; for those beyond, the key is missing.
//   - A server that has failed MaxFailures times in a row is left alone for Pause. Then one
//     question finds out whether it is well again.
//   - No value larger than Options.MaxValueSize is read into memory, so that the flights of
//     a server hold at most Concurrency times that.
//   - Keys and passwords reach no log line.
//   - Each call of Import runs one goroutine, which may outlive it when ctx ends; Close waits for
//     them. The client of Redis dials in goroutines that end with the time limit of the dial.
package readthrough
