//go:build !heavy

package gossip

// heavy is set by the build tag of this name: simulations take more rounds.
const heavy = false
