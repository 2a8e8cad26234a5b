// Owlbench measures owlcache and tries to break it.
//
//	owlbench http      load on a node, over HTTP/1.1 with keep-alive
//	owlbench compare   the same load on a node and on its peers, side by side
//	owlbench tools     the commands that work on a data directory, against cat
//	owlbench tcp       the line protocol of a node and Redis, side by side
//	owlbench group     three nodes that answer together: cached, uncached, many at once
//	owlbench sync      three nodes that hold the same: how soon, catching up, a stopped one
//	owlbench slow      thousands of slow clients beside others; memory, and when all are closed
//	owlbench crash     writes, kills and restarts; nothing acknowledged may be lost
//	owlbench partition a network that is cut and healed; all nodes have to agree again
//
// Load is closed: each connection has one request under way and sends the next
// when the answer is there. One thread drives all connections through epoll
// (loop_linux.go), so that a generator on one core can saturate a server on
// another. Processes that a command needs are started by it on free ports of the
// loopback address, with their files in a temporary directory, and are stopped
// by their process id; see process.go.
//
// The checker of crash is history.go: it keeps for each key the set of states
// that a correct server may be in, and narrows it with every answer.
package main
