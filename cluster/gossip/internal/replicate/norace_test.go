//go:build !race

package replicate

const race = false
