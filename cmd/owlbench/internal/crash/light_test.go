//go:build !heavy

package crash

// heavy tests take more rounds.
const heavy = false
