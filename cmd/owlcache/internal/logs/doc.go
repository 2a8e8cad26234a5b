// Package logs is where log lines go: readable ones to a terminal, JSON into the log files, and JSON
// to a standard error that is no terminal if there is no file.
//
//	l, err := logs.Open(&c, p.Env, p.Stderr)
//	l.About("sync")                   // a logger whose lines go to the file of data sync
//	l.Rotate()                        // at SIGHUP
//	l.Close()
//
// A Logfile that is a directory has a file for each concern. A log that cannot be written loses
// lines, says so on the standard error once a minute, and holds up nobody.
package logs
