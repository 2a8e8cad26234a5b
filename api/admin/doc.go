// Package admin is what operators and their programs ask of a node, with a token: a backup, the
// state of both groups, and, for comparing two nodes, the digest and the entries of some of its
// buckets. Package status has the types of the answers.
//
// Backups and lists of entries are made while they are sent. Few are made at once, and no lock
// of the store is held while a client is waited for.
package admin
