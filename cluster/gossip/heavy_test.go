//go:build heavy

package gossip

// heavy is set by the build tag: simulations take more rounds.
const heavy = true
