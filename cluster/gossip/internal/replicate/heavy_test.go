//go:build heavy

package replicate

// heavy is set by the build tag: simulations take more rounds.
const heavy = true
