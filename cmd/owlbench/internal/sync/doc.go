// Package sync is owlbench sync: three nodes that hold the same. It measures how
// soon a write is readable on the others, how fast a node catches up, and what a
// node that is stopped costs the others. Each part has a group of its own.
package sync
