// Owlcache is a persistent key/value cache server, and a client of one.
//
// Without a command, or with "serve", it runs a node:
//
//	configuration → log → data directory → listener → HTTP → recovery → data
//
// The whole life of a server is its Run: Start opens everything in that order,
// Close goes back the same way; server.go gives the reasons. Everything else is a
// short command: "config" looks at the configuration, "get", "set", "del",
// "expire", "exist" and "ping" talk to a running node over HTTP.
//
// The package alone knows owlcache.conf. config_table.go names every option
// once; the other config files read a file, the environment and flags into it
// and report all that is wrong at once.
//
// Data goes to the standard output, everything else to the standard error. The
// exit codes are those of exit.go.
package main
