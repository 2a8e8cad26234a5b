// Package metrics counts requests and shows, on /metrics, what a node knows of itself.
//
//	requests := metrics.NewRequests(commands)
//	err := metrics.Register(registry, n, requests, incomplete, collectors...)
//	requests.Count(x) // each finished request
//	serve := metrics.Handler(registry)
//
// A part of the server that counts something itself makes a Collector of Figures: a table of
// names, help texts and functions that return a value.
package metrics
