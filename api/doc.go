// Package api is the side of a node that clients see, HTTP and TCP: listeners, connections, the
// table of routes, health, and the end. Each way in is a package:
//
//	classic   /data/, /group_data/, /server/: the protocol of 0.5.1
//	line      the line protocol over TCP
//	socket    /ws
//	admin     /admin/
//	urlcache  /uc/; it also fetches what is not there
//	metrics   /metrics
//
// They share package access (who may do what) and what is in api/internal: node (the store once
// it is ready, the memory that requests share), exchange (a request of HTTP with its answer),
// conn, params, envelope and fault (the one table of what each error means). A new way in is a
// package like these, and a row in routes.go or a listener in listen.go. Package readthrough
// imports missing keys; package status has what a node tells of its groups.
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
// Until Ready, /livez answers 200, /readyz 503 with the loading text, and /metrics works;
// requests for data are held for a few seconds, so that clients do not notice a short restart.
//
// # Promises
//
//   - A request that is refused, cut off or too slow changes nothing.
//   - Passwords and tokens reach no log line, metric or answer, except the token
//     that pass gives out.
//   - Memory is bounded: connections, headers, bodies, remembered tokens and wrong
//     passwords have limits, and large bodies share Options.MaxBodyMemory.
//   - Nothing of a request is kept after its answer has been written.
//   - Each connection has a goroutine; Shutdown waits for all. Requests share only the lock of
//     the token cache, which writes take for reading, and that of the wrong passwords.
package api
