// Package legacy reads the files of 0.5.1: owlcache.db and auth.db, each the gob of a list
// of entries.
//
//	if legacy, err := legacy.NoSnapshot(path); legacy {    // what a start takes over
//		err = legacy.CheckTakeOver(path, logFS, logDir)
//		list, err := legacy.Read(path)
//		part := legacy.Convert(list, node, refused)        // what a snapshot holds of it
//	}
//	survey, err := legacy.TakeSurvey(path, now)            // what of it would be taken
//	total, err := legacy.ReadCut(path, visit)              // one that ends too soon
//
// Files are only read. Damage is a *format.CorruptError that says what to do, since a
// 0.5.1 node may still write the file.
package legacy
