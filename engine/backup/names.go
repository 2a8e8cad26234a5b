package backup

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"path"

	"owlcache/engine/datadir"
	"owlcache/wal"
)

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
