//go:build !race

package gossip

// usualSeeds is how many seeds simulations take.
const usualSeeds = 150

// manyNodes is the size of a large group.
const manyNodes = 100
