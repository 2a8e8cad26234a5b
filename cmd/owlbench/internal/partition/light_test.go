//go:build !heavy

package partition

// heavy tests take more rounds.
const heavy = false
