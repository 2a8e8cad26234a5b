// Package node has what every way in needs of the node: the store as soon as there is one, the
// memory that requests share, who may do what, the group, where missing keys are looked for,
// the clock, the log, and the word that the server stops.
//
//	n := node.New(running, access.Options{…}, maxValueSize, maxMemory, logger)
//	n.Group.Set(group)           // before the gate opens, if there is one; so Sync, Importer
//	n.Gate.Open(store)
//	...
//	store := n.Gate.Wait()       // nil: answer 503 with n.NotServing()
//	taken := n.Answers.TakeSoon(ctx, size)
//	defer n.Answers.Give(taken)
//
// Its fields are set before the first request. The interfaces here are what this side of a
// node needs of the engine, the cluster and package readthrough.
package node
