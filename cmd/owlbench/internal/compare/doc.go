// Package compare is owlbench compare: the same load on a node and on its peers,
// and how long they take to start with the same data. Its yardstick of reads is a
// hidden command, owlbench bare: the HTTP server that owlcache is built on, with
// nothing but a map behind it. It is owlbench tcp too: the line protocol of a node
// and Redis' own.
package compare
