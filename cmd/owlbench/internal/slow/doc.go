// Package slow is owlbench slow: a crowd of slow clients is let loose on a node
// beside clients that work. It measures these with and without the crowd, the
// memory of the node, and how long the node takes to close all slow connections.
// It needs Linux.
package slow
