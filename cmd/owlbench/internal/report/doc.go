// Package report is what a measurement tells people and programs: how far it is
// (Printer.Logf), what it has found (Results, a Row for each comparison), and how
// it has ended (Finish, which turns an error into an exit code).
//
// A Row compares the medians of the rounds of two sides, or of one side with a
// limit. Its ratio meets its target or misses it. With --strict a missed target is
// an error. Flags has the flags for that and for the output as text or JSON.
package report
