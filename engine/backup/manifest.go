package backup

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/wal"
)

// Format is the version of the archive's format that this program writes.
const Format = 1

// Manifest describes an archive. It is the archive's last file, as JSON.
type Manifest struct {
	Format      int       `json:"format"`            // of the archive
	Version     string    `json:"version,omitempty"` // of the program that made it
	NodeID      string    `json:"node_id,omitempty"` // 16 hexadecimal digits; empty if there was no node.json
	Taken       time.Time `json:"taken"`             // the moment
	SnapshotLSN uint64    `json:"snapshot_lsn"`      // the snapshot covers the log up to here
	LastLSN     uint64    `json:"last_lsn"`          // the last record of the log
	Counts
	Files []File `json:"files"` // all but the manifest, in the order of the archive
}

// Counts says how much is in a data directory.
type Counts struct {
	Keys       int64 `json:"keys"`       // live at the moment of the backup
	Expired    int64 `json:"expired"`    // expired by then
	Tombstones int64 `json:"tombstones"` // marks of deleted keys
	Bytes      int64 `json:"bytes"`      // of all keys and values
}

// File is a file in an archive.
type File struct {
	Name   string `json:"name"` // in the data directory, with slashes
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
}

// add counts an entry. at is the moment of the backup in Unix milliseconds.
func (c *Counts) add(e *engine.Entry, at int64) {
	switch {
	case e.Tombstone:
		c.Tombstones++
	case e.Live(at):
		c.Keys++
	default:
		c.Expired++
	}
	c.Bytes += int64(len(e.Key) + len(e.Value))
}

// ArchiveError is returned for an archive that is damaged, cut off or none.
type ArchiveError struct{ Reason string }

func (e *ArchiveError) Error() string { return "the backup is damaged: " + e.Reason }

func badArchive(format string, args ...any) error {
	return &ArchiveError{Reason: fmt.Sprintf(format, args...)}
}

// FormatError is returned for an archive of a newer format.
type FormatError struct{ Format int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("the backup has format %d, which is newer than %d, the one that this program knows: use a newer owlcache", e.Format, Format)
}

// parseManifest reads and checks a manifest.
func parseManifest(b []byte) (*Manifest, error) {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, badArchive("%s: %v", manifestName, err)
	}
	if head.Format > Format {
		return nil, &FormatError{Format: head.Format}
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, badArchive("%s: %v", manifestName, err)
	}
	switch {
	case m.Format < 1:
		return nil, badArchive("%s: there is no format %d", manifestName, m.Format)
	case m.Taken.IsZero(), m.Taken.UnixMilli() < 0:
		return nil, badArchive("%s: the time is missing or wrong", manifestName)
	case m.NodeID != "" && !isNodeID(m.NodeID), len(m.Version) > maxVersion, strings.ContainsFunc(m.Version, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, badArchive("%s: version or node_id cannot be right", manifestName) // they are shown to people
	case len(m.Files) > maxFiles:
		return nil, badArchive("%s: it lists more than %d files", manifestName, maxFiles)
	}
	for _, f := range m.Files {
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 || f.Size < 0 {
			return nil, badArchive("%s: size or SHA-256 of %.100q cannot be right", manifestName, f.Name)
		}
	}
	return &m, nil
}

// maxVersion is the length of a program's version, in bytes.
const maxVersion = 64

func isNodeID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 8
}

// compare checks that the archive holds what its manifest says.
func (m *Manifest) compare(got []File) error {
	found := make(map[string]File, len(got))
	for _, f := range got {
		found[f.Name] = f
	}
	for _, want := range m.Files {
		f, ok := found[want.Name]
		switch {
		case !ok:
			return badArchive("%.100q is missing, or twice in the manifest", want.Name)
		case f.Size != want.Size:
			return badArchive("%s has %d bytes, its manifest says %d", want.Name, f.Size, want.Size)
		case f.SHA256 != want.SHA256:
			return badArchive("%s has the SHA-256 %s, its manifest says %s", want.Name, f.SHA256, want.SHA256)
		}
		delete(found, want.Name)
	}
	for name := range found {
		return badArchive("%s is not in the manifest", name)
	}
	return nil
}

// manifestName is the last file of an archive.
const manifestName = "manifest.json"

// maxFiles is how many files an archive may have.
const maxFiles = 100_000

// smallFile is a file beside the data.
type smallFile struct {
	name  string
	valid func([]byte) error
}

// smallFiles returns all that there may be, in the order of the archive.
func smallFiles() []smallFile {
	return []smallFile{
		{datadir.NodeFile, validJSON},
		{datadir.SecretFile, validJSON},
		{datadir.GroupFile, validJSON},
		{datadir.GossipFile, validJSON},
		{datadir.PeersFile, validJSON},
		{datadir.SitesFile, validXML},
	}
}

// validJSON does not tell what it has found: that may be a secret.
func validJSON(b []byte) error {
	if !json.Valid(b) {
		return errors.New("it is not valid JSON")
	}
	return nil
}

func validXML(b []byte) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		switch _, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return errors.New("it is not valid XML")
		}
	}
}

// fileKind is what a file in an archive is.
type fileKind uint8

const (
	unknownFile fileKind = iota
	besideFile           // a smallFile
	dataFile
	manifestFile
)

// kindOf tells what a file in an archive is by its name. valid checks the content of one beside the
// data.
func kindOf(name string) (kind fileKind, valid func([]byte) error) {
	if name == manifestName {
		return manifestFile, nil
	}
	dir, base := path.Split(name)
	if _, ok := wal.ParseSegmentName(base); name == datadir.SnapshotFile || ok && dir == datadir.LogDir+"/" {
		return dataFile, nil
	}
	for _, f := range smallFiles() {
		if f.name == name {
			return besideFile, f.valid
		}
	}
	return unknownFile, nil
}
