// Package fold sorts a part of the log by key, and says what the operations on each key
// come to.
//
//	part, err := fold.Read(fs, dir, from, target, size, budget) // behind LSN from
//	for i := 0; i < part.Len(); {
//		var o fold.Outcome
//		o, i = part.Next(i)
//		next := o.Apply(old) // what becomes of the entry of o.Key
//	}
//
// A part of another origin is filled with Add and sorted with Sort.
//
// Applying an outcome once, or again, or to an entry that has part of it already, ends
// with the same entry: a greater version wins, and a deletion takes what is not newer.
package fold
