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
}

// Files returns the files beside the data, but for the identity of the node.
func Files() []File {
	return []File{
		{datadir.SecretFile, validSecrets},
		{datadir.GroupFile, validJSON[[]any]},
		{datadir.GossipFile, validJSON[[]any]},
		{datadir.PeersFile, validJSON[any]},
		{datadir.SitesFile, validXML},
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
