//go:build heavy

package repair_test

// heavy tells whether tests take many rounds.
const heavy = true
