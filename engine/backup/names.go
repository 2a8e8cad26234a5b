package backup

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"

	"owlcache/engine/datadir"
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

// segmentName matches the segments of a log as they are named in an archive.
const segmentName = `^` + datadir.LogDir + `/[0-9]{16}\.wal$`

// kinds tells files by their names.
type kinds struct {
	small   map[string]smallFile
	segment *regexp.Regexp
}

func newKinds() kinds {
	k := kinds{small: map[string]smallFile{}, segment: regexp.MustCompile(segmentName)}
	for _, f := range smallFiles() {
		k.small[f.name] = f
	}
	return k
}

func (k *kinds) of(name string) fileKind {
	switch {
	case name == manifestName:
		return manifestFile
	case name == datadir.SnapshotFile, k.segment.MatchString(name):
		return dataFile
	}
	if _, ok := k.small[name]; ok {
		return besideFile
	}
	return unknownFile
}
