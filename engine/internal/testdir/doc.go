// Package testdir has data directories, and nodes on them, for tests of the tools.
//
//	p := testdir.NewPatient(t)                               // written, stopped, and known key by key
//	dir := p.Copy(t, map[string][]byte{name: damaged})       // with a change
//	report, got := testdir.Repaired(t, dir)
//	wrong := p.Compare(t, "what was changed", report, got)
package testdir
