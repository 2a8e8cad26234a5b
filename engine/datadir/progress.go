package datadir

// Progress of what takes long in a directory: Done of Total Units.
type Progress struct {
	Phase       string // "snapshot" or "log"
	Done, Total int64
	Unit        string // "keys" or "bytes"
}
