//go:build !linux

package engine

import "os"

// readAhead is a hint that only Linux takes.
func readAhead(*os.File, int64) {}
