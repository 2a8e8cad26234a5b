package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"owlcache/engine/datadir"
)

// ReadSecretFile reads the secrets of a data directory; there are none without the
// file. The error does not quote it.
func ReadSecretFile(path string) (datadir.Secrets, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return datadir.Secrets{}, nil
	}
	if err != nil {
		return datadir.Secrets{}, err
	}
	var s datadir.Secrets
	if json.Unmarshal(data, &s) != nil {
		return datadir.Secrets{}, fmt.Errorf("%s is not valid JSON with texts password and token_secret: restore it, or remove it to have new secrets made", path)
	}
	return s, nil
}
