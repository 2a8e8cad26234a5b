// Package clustercmd has the commands group and cluster, which ask running nodes about the others.
//
//	root.AddCommand(clustercmd.GroupCommand(p), clustercmd.ClusterCommand(p))
//
// "group" shows and changes the lists of members. "cluster members" and "cluster status" show data
// sync on a node. "cluster diff" compares two nodes: diff.go is the command and what it prints,
// differ.go compares digests and then entries.
package clustercmd
