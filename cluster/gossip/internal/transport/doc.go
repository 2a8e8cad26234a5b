// Package transport carries memberlist's frames: the sockets of a node, the key and the
// label of frames, and bounds of what others can make this node hold.
//
//	port, err := transport.Listen(transport.Options{…})
//	t := port.Attach()    // for a memberlist, which shuts it down
//	t = port.Attach()     // for the next one, on the same port
//	...
//	err = port.Close()
//
// What arrives is kept in memory until memberlist has authenticated it, so it is bounded
// for each source, and strangers leave room for members (inbound.go). Frames that would
// end the process are kept from memberlist (frame.go). No connection is used for longer
// than Options.Stream.
package transport
