//go:build race

package gossip

// race tells of the race detector, which makes simulations four times as slow and does not
// bear ten thousand goroutines.
const race = true
