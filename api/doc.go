// Package api is the side of a node that clients see, HTTP and TCP: it parses and bounds requests, checks
// tokens, calls the store and answers in the classic owlcache protocol.
//
// # Life cycle
//
// A server is made before the store is open, so that a restart is visible as
// "loading" and not as a refused connection:
//
//	srv, err := api.New(api.Options{Version: "0.6.0", Password: p, TokenSecret: secret})
//	go func() { served <- srv.Serve(ln) }()         // listens; data requests wait
//	go func() { served <- srv.ServeTCP(tcpLn) }()   // the line protocol, if it is wanted
//	srv.SetLoading(func() string { return "snapshot 43 %" })
//	store, err := engine.Open(ctx, dir, opts)       // recovery
//	srv.Ready(store)                                // from now on data is served
//	...
//	err = srv.Shutdown(ctx)                         // finish what is in flight
//	err = errors.Join(<-served, <-served)           // nil
//	err = store.Close()                             // only now
//
// Until Ready, /livez answers 200, /readyz answers 503 with the loading text and
// /metrics works; requests for data are held for a few seconds and served as soon
// as the store is there, so that clients do not notice a short restart.
//
// # A request
//
// head.go refuses what the headers say is enough, before the body is read.
// Server.handle is the entry of all other requests. It checks the Host header, finds the route in
// the table of routes.go, which also says who may use it, and hands over to it.
// /data/ then reads the parameters (params.go, form.go, multipart.go, body.go),
// finds the command in the table of data.go and runs it: one file per command.
// An answer is a raw value, an envelope (envelope.go) or plain text (text.go).
// A get that misses asks the Importer, if there is one (import.go); one on /uc/, or on a
// path that is no route's, asks the URL cache (uc.go, package urlcache).
//
// # The line protocol
//
// Over TCP (tcp.go) a connection is a tcpSession. It reads what has come, serves every whole
// line in it (tcp_line.go, tcp_commands.go) and sends all answers with one write (tcp_io.go).
// Writes that follow each other are one submission to the store (tcp_batch.go), which makes
// them durable together; whatever else is asked waits for it, so that answers are in order
// and a connection sees its own writes. HTTP that a web page sends there ends the connection.
//
// # Promises
//
//   - A request that is refused, cut off or too slow changes nothing.
//   - Passwords and tokens reach no log line, metric or answer, except the token
//     that pass gives out.
//   - Memory is bounded: connections, headers, bodies, remembered tokens and wrong
//     passwords have limits, and large bodies share Options.MaxBodyMemory.
//   - Nothing of a request is kept after its answer has been written.
//
// # Goroutines and locks
//
// Serve runs in its caller's goroutine and starts one goroutine for each
// connection; Shutdown waits for all of them. A connection that becomes a WebSocket
// (websocket.go) stays counted and limited with the others, and has two goroutines: one
// reads and answers, one writes; requests with a tag that wait for an import have one more
// each (import_socket.go). Requests share no lock with each
// other except the read lock of the token cache, which only writes take, and the
// lock of the wrong passwords, which only pass takes.
package api
