// Package load puts load on a server and times the answers.
//
// The load is closed: each connection has one batch of requests under way and
// sends the next when all answers are there. One thread drives all connections
// through epoll (loop_linux.go), so that a generator on one core can saturate a
// server on another. Elsewhere than on Linux, Measure returns an error.
//
// A Target says where a server is and how it is spoken to: the requests, rendered
// as a Template in which only the digits of the key change, and a parser of the
// answers, for HTTP/1.1, the line protocol of owlcache, or Redis' protocol.
//
//	t := load.HTTPTarget(addr, token, options)
//	err := load.Preload(ctx, &t)                        // sets all keys
//	s, err := load.Generator{options, cpu.Any}.Measure(ctx, &t, load.Get, 1) // one round
//
// The first answer that is not as expected ends a round. Client sends single
// requests; ClassicClient does the operations of the classic protocol with one.
package load
