// Package apitest starts servers for the tests of all ways in, over a store, a group and an importer
// whose behaviour a test sets, and has clients for them.
package apitest
