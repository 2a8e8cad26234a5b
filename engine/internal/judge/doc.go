// Package judge says what is wrong with the files of a data directory, and what is lost
// with it: what check reports and repair passes by.
//
//	log := judge.Log{Dir: dir, First: found.First, End: found.End, Flaws: found.Flaws, …}
//	damage := log.Bounds()                     // before and behind the log
//	damage = append(damage, log.Flaw(&flaw))   // inside of it
//	for _, f := range judge.Files() {          // beside the data
//		err := f.Check(content)
//	}
//
// It reads no files: its callers do, and tell what they have found.
package judge
