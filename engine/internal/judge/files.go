package judge

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"owlcache/engine/datadir"
)

// File is a file beside the data.
type File struct {
	Name  string
	Check func(content []byte) error // tells whether the content is valid
	Lost  string                     // what is lost with it
	Mend  string                     // what to do with one that is damaged
}

// Files returns the files beside the data, but for the identity of the node.
func Files() []File {
	edit := func(name string) string { return "edit or restore " + name + ", or delete it" }
	return []File{
		{datadir.SecretFile, validSecrets, "the password and the tokens; no node starts", "restore " + datadir.SecretFile + ", or delete it to have new secrets made"},
		{datadir.GroupFile, validJSON[[]any], "the members of a group", edit(datadir.GroupFile)},
		{datadir.GossipFile, validJSON[[]any], "the members of a group", edit(datadir.GossipFile)},
		{datadir.PeersFile, validJSON[any], "the peers seen last", edit(datadir.PeersFile)},
		{datadir.SitesFile, validXML, "the sites of the URL cache", edit(datadir.SitesFile)},
	}
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
