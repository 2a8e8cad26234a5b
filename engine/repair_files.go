package engine

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"owlcache/engine/datadir"
)

// repairFile is a file that is copied as it is.
type repairFile struct {
	name    string
	content []byte
}

// smallFile is a file beside the data, and what tells whether its content is valid.
type smallFile struct {
	name  string
	check func([]byte) error
}

// smallFiles returns all of them but the identity of the node.
func smallFiles() []smallFile {
	return []smallFile{
		{datadir.SecretFile, validSecrets},
		{datadir.GroupFile, validJSON[[]any]},
		{datadir.GossipFile, validJSON[[]any]},
		{datadir.PeersFile, validJSON[any]},
		{datadir.SitesFile, validXML},
	}
}

// readFiles reads all but the data: what is valid goes into the new directory.
func (r *repairer) readFiles() (files []repairFile, err error) {
	id, _, err := r.src.Identity()
	var newer *datadir.FormatError
	if errors.As(err, &newer) {
		return nil, err
	}
	r.node = id
	node := smallFile{datadir.NodeFile, func([]byte) error { return err }}
	for _, f := range append([]smallFile{node}, smallFiles()...) {
		content, err := datadir.ReadSmallFile(r.src.File(f.name))
		if err == nil {
			err = f.check(content)
		}
		state := RepairedFile{Name: f.name, State: FileCopied}
		switch {
		case absent(err):
			state.State = FileAbsent
		case err != nil:
			state.State, state.Problem = FileLost, err.Error()
		default:
			if f.name == datadir.PeersFile {
				content = withoutVersions(content)
			}
			files = append(files, repairFile{f.name, content})
		}
		if f.name == datadir.NodeFile && state.State != FileCopied && !r.neverOpened() {
			state.State = FileLost
			state.Problem = strings.TrimPrefix(state.Problem+": the node gets a new identity", ": ")
		}
		r.report.Files = append(r.report.Files, state)
	}
	return files, nil
}

// withoutVersions drops from a list of peers what this node has seen of the writes of
// each: some of that may have been lost. Without it the group makes the loss good; with
// it the others would take what is lacking for deleted.
func withoutVersions(content []byte) []byte {
	var list map[string]any
	if json.Unmarshal(content, &list) != nil {
		return content // no list with versions
	}
	delete(list, "versions")
	b, err := json.MarshalIndent(list, "", "\t")
	if err != nil {
		return content // cannot be: it has just been read
	}
	return append(b, '\n')
}

// neverOpened tells whether the directory is as a 0.5.1 node has left it.
func (r *repairer) neverOpened() bool {
	_, noNode := os.Lstat(r.src.File(datadir.NodeFile))
	_, noLog := os.Lstat(r.src.File(datadir.LogDir))
	return absent(noNode) && absent(noLog)
}

// validSecrets does not tell what it has found: that may be a secret.
func validSecrets(b []byte) error {
	var s datadir.Secrets
	if json.Unmarshal(b, &s) != nil {
		return errors.New("it is not valid JSON")
	}
	return nil
}

func validJSON[T any](b []byte) error {
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return fmt.Errorf("it is not valid: %w", err)
	}
	return nil
}

func validXML(b []byte) error {
	d := xml.NewDecoder(strings.NewReader(string(b)))
	elements := 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) && elements > 0 {
			break
		}
		if err != nil {
			return fmt.Errorf("it is not valid: %w", err)
		}
		if _, ok := t.(xml.StartElement); ok {
			elements++
		}
	}
	var whole struct {
		XMLName xml.Name
	}
	if err := xml.Unmarshal(b, &whole); err != nil {
		return fmt.Errorf("it is not valid: %w", err)
	}
	return nil
}
