//go:build !heavy

package replicate

// heavy is set by the build tag of this name: simulations take more rounds.
const heavy = false
