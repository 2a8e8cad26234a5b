//go:build !linux

package dump

import "os"

// startWriteback is left to the system here.
func startWriteback(*os.File, int64, int64) {}
