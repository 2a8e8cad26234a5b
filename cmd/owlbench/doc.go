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
// Each measurement is a package of that name in internal/, with its command; tcp is in
// compare. They do not import each other. What they share is load (the generator), node (servers and
// peers as processes), report (rows, targets, output) and cpu (who runs where). A
// further measurement is a further package, and a line in root.go.
package main
