//go:build race

package gossip

// usualSeeds is how many seeds simulations take: the race detector makes them four times
// as slow.
const usualSeeds = 50

// manyNodes is how large a group the race detector bears: there is a goroutine for each
// pair of nodes, and of ten thousand it dies.
const manyNodes = 30
