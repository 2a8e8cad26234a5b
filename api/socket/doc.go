// Package socket serves WebSockets on /ws: a message is a request, a message an answer.
//
//	s := socket.New(n, socket.Options{On: true, …})
//	err := s.Check(x)    // what needs no store: the origin of the page, the handshake
//	s.Serve(x, store)    // answers the handshake
//
// A connection stays counted and limited with those of HTTP. It has two goroutines: one reads
// and answers, one writes; requests with a tag that wait for an import have one more each.
// Answers that wait are bounded, and a connection has one large answer at a time.
package socket
