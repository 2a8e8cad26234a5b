// Package crash is owlbench crash: a trial writes to a node over many connections,
// ends it at a random moment, starts it again on the same data and checks every
// key, over and over.
//
// Each writer has keys of its own, and for each a history: the set of states that a
// correct server may be in, which every answer narrows. An answer that fits none of
// them is a violation and ends the trial. Readers read the keys of all writers and
// tell them what they have seen.
package crash
