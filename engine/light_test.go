//go:build !heavy

package engine

// heavy makes tests try more.
const heavy = false
