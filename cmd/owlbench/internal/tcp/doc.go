// Package tcp is owlbench tcp: the line protocol of a node and Redis' own, side by
// side, with pipelines and one request at a time.
package tcp
