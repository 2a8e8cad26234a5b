// Package status has what a node tells of its groups and of the servers that it asks for
// missing keys. The server answers these types in JSON, and the commands of operators decode
// them.
package status
