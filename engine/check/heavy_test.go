//go:build heavy

package check

// flips is how many bytes tests change, one at a time.
const flips = 6_000
