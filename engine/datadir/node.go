package datadir

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// FormatVersion is the format of the data directory that this program writes.
const FormatVersion = 1

// FormatError is returned by Open for a directory of a newer format.
type FormatError struct {
	Path   string // of node.json
	Format int
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: data format %d is newer than %d, which this program knows: use a newer owlcache", e.Path, e.Format, FormatVersion)
}

type node struct {
	id      uint64
	created time.Time
}

// nodeJSON is node.json. The id is text, since JSON readers round large numbers.
type nodeJSON struct {
	Format  int       `json:"format"`
	NodeID  string    `json:"node_id"`
	Created time.Time `json:"created"`
	CRC     string    `json:"crc,omitempty"` // see VerifyChecksum
}

func readNode(path string) (node, error) {
	b, err := ReadSmallFile(path)
	if err != nil {
		return node{}, err
	}
	var j nodeJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return node{}, fmt.Errorf("%s: %w: restore the file, or remove it to give the node a new identity", path, err)
	}
	// Before the checksum, of which a newer format may have another rule.
	if j.Format > FormatVersion && !j.isCurrent() {
		return node{}, &FormatError{Path: path, Format: j.Format}
	}
	// One without a checksum is of an older program.
	if state, err := VerifyChecksum(b); err != nil || state == ChecksumWrong {
		return node{}, fmt.Errorf("%s: wrong checksum, the file is damaged: restore it, or remove it to give the node a new identity", path)
	}
	id, err := strconv.ParseUint(j.NodeID, 16, 64)
	if err != nil || id == 0 || j.Format < 1 {
		return node{}, fmt.Errorf("%s: format %d, node_id %q: want format 1 to %d and 16 hexadecimal digits: restore the file, or remove it to give the node a new identity",
			path, j.Format, j.NodeID, FormatVersion)
	}
	return node{id: id, created: j.Created}, nil
}

// isCurrent tells whether the checksum is right for the format of this program: then it
// is the number of the format that is damaged.
func (j nodeJSON) isCurrent() bool {
	crc := j.CRC
	j.Format, j.CRC = FormatVersion, ""
	want, err := checksumOf(j)
	return err == nil && crc == want
}

func (d *Dir) makeNode() (node, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return node{}, err
	}
	n := node{id: max(1, binary.LittleEndian.Uint64(b[:])), created: time.Now().UTC().Truncate(time.Second)}
	j := nodeJSON{Format: FormatVersion, NodeID: fmt.Sprintf("%016x", n.id), Created: n.created}
	var err error
	if j.CRC, err = checksumOf(j); err != nil {
		return node{}, err
	}
	return n, d.WriteJSON(NodeFile, j, 0o600)
}
