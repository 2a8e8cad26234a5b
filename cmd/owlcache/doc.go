// Owlcache is a persistent key/value cache server, and a client of one.
//
// Without a command, or with "serve", it runs a node (internal/node). Everything else is a short
// command. root.go is the table of commands; each comes from a package below internal:
//
//	config     the options: table, file, environment, flags; "config"
//	logs       the log and its files
//	node       the running server; "serve"
//	upgrade    "upgrade-check"
//	client     a node over HTTP: "get", "set", "del", "expire", "exist", "ping", "health"
//	clustercmd "group" and "cluster"
//	inspect    a look into a data directory: "inspect" and the commands below it
//	tools      "backup", "restore", "check", "repair", "compact", "export", "import"
//	localdir   the data directory that a command works on
//	term       exit codes, streams, and how things are shown
//
// Data goes to the standard output, everything else to the standard error. The exit codes are those
// of package term.
package main
