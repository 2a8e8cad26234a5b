// Package http is owlbench http: load on one node, which is started for it or runs
// already, over HTTP/1.1 with keep-alive.
package http
