// Package pages is the one reader of the pages of a bbolt file.
//
// # Life cycle
//
//	file := pages.Open(f, size)                   // finds the meta pages
//	meta, err := file.Newest()                    // the state to read
//	walk := file.Walk(meta, bad)                  // bad is told of damage
//	root, err := walk.Root()                      // has the buckets
//	err = walk.Bucket(bucket, &pages.Visitor{…})  // the leaves in the order of the keys
//	free, err := walk.Free()                      // after all buckets
//
// Verify does all of this for a file that is to be written.
//
// # Strict and lenient
//
// bbolt trusts the pages of its file: a wrong child can send it round in circles until
// the memory is used up. So a walk of this package goes first. A strict one (Open)
// believes a page if all of its header is right. A lenient one (OpenDamaged) reads what
// it leads to whatever the header says, and makes the best of it: entries are told by their
// own checksum.
//
// # Promises
//
//   - Everything is bounded: a walk reads each page once, the depth of the tree has a
//     limit, and no length is believed that the file does not have.
//   - Files are read, not mapped: a file that ends early is an error, and no fault. A
//     strict walk takes a bit for each page, and the largest page with those that follow
//     it; a lenient one the branch pages on its way besides.
//   - Walk and File are used by one goroutine at a time.
package pages
