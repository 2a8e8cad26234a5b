// Package exchange is one request of HTTP with its answer: its parameters and body, its command,
// and the kinds of answers, which are a raw value, an envelope, JSON and plain text.
//
//	x.Begin(ctx)
//	err := x.ReadParams()
//	x.Run(command, store, err)   // checks access and key, runs, answers what fails
//	...
//	x.Release()
//
// A request that is refused, cut off or too slow changes nothing, and nothing of it is kept
// after Release. Request bodies and answers of more than node.KeepBuffer bytes take their room
// from the budgets of the node, bodies as their bytes arrive.
package exchange
