//go:build race

package replicate

// race tells of the race detector, which makes simulations four times as slow.
const race = true
