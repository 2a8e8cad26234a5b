// Package node starts the servers that are measured, on free ports of the loopback
// address, with their files in a temporary directory, and ends them by their
// process id.
//
//	s, err := flags.Open(ctx) // a Site: directory, program, password, CPUs
//	defer s.Remove()
//	n, err := node.StartFilled(ctx, s.NodeOptions("node", s.CPUs.Server), load)
//	defer n.Kill()            // does nothing after Terminate
//	t := n.Target(load)
//	err = n.Terminate()
//
// A Process is any server; its output goes to a file beside its directory, the end
// of which is part of the error when it does not become ready. Peers are Redis,
// nginx and webdis. A site must be removed by who opened it, unless what a failure
// leaves is to be looked at.
package node
