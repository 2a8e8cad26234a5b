// Package dump writes the entries of a data directory as lines of JSON and reads them
// back, to move them between stores or into other programs.
//
//	view, err := view.Open(ctx, dir, view.Options{})
//	file, err := dump.Create("entries.ndjson", dump.FileOptions{}) // writes entries.ndjson.part
//	report, err := dump.Export(ctx, view, file, dump.ExportOptions{At: view.Info().Time})
//	err = file.Finish()                                            // now it is entries.ndjson
//
//	source, err := dump.NewSource(r)
//	report, err := dump.Import(ctx, source, dump.ImportOptions{Open: ...})
//
// # Format
//
// Newline-delimited JSON in UTF-8, one entry in each line, sorted by the bytes of the
// keys, with nothing before, between or behind:
//
//	{"key":"a","value":"one","created":"2026-11-22T10:50:17.123456789Z","expires":"2026-11-22T10:51:17.123Z"}
//	{"key_base64":"/w==","value_base64":"AP8=","created":"2026-11-22T10:50:17.123456789Z"}
//
// The members have this order. A key or value that is not valid UTF-8 is there in base64 (RFC 4648,
// section 4, padded) under the other name. Times are RFC 3339 in UTC, "created" always with nine digits
// of the second and "expires" always with three; without "expires" the entry never expires. Strings
// escape the quote, the backslash and the control characters (U+0000 to U+001F, U+007F to U+009F: a
// terminal obeys them) and nothing else. Only live entries are written, and nothing that differs
// between two stores of equal content: neither versions nor the time of the export.
//
// Reading is strict about content (unknown, doubled or missing members, broken UTF-8, anything behind
// the entry are errors) and tolerant about form: any order of the members, white space, any escapes,
// empty lines, any offset of a time. Without "created" an entry is new.
//
// # Goroutines
//
// Export and Import read in one goroutine, convert in as many as there are processors,
// and write in one, in order. They end before the call returns. What they hold in
// memory is bounded and does not depend on the number of entries, with the exception
// of a file of a 0.5.1 node, which can only be read as a whole.
package dump
