// Package node is what "owlcache serve" runs: one server with all that belongs to it.
//
//	configuration → logs → data directory → listeners → HTTP → recovery → data
//
//	s := node.New(c, l, stderr)
//	err := s.Run(ctx)          // Start, serve until ctx ends, Close
//
// Start opens everything in that order and gives the reasons; Close goes back the same way. Serve is
// the command around it: it obeys signals.
//
// The package wires the others together: it makes their options from the configuration
// (options.go, group.go, sync.go, origins.go), and adapts the types of cluster
// to what api wants.
package node
