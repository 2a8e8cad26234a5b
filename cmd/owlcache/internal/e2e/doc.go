// Package e2e is what the tests share that start a node, in this process or in one of its own.
package e2e
