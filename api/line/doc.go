// Package line is the line protocol over TCP: a line is a request, a line an answer.
//
//	s := line.New(n, line.Options{…})
//	if s.Conns.Add(c) == conn.Admitted {
//		err := s.Serve(c) // to its end
//	}
//
// A connection is a session. It reads what has come, serves every whole line in it (line.go,
// commands.go) and sends all answers with one write (io.go). Writes that follow each other are
// one submission to the store (batch.go), which makes them durable together; whatever else is
// asked waits for it, so that answers are in order and a connection sees its own writes. HTTP
// that a web page sends here ends the connection.
//
// A connection that waits for its client holds a small buffer and nothing else.
package line
