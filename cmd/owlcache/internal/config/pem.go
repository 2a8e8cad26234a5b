package config

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// ReadPEM reads a file that an option names and that must hold a block whose type ends in kind.
func ReadPEM(option, file, kind string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err // the message names the file
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", option, file, err)
	}
	var found []string
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case kind == "PRIVATE KEY" && (strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != ""):
			return nil, fmt.Errorf("%s %s: the key is protected by a passphrase, which nobody is there to give: store it without one, readable by the node alone", option, file)
		case strings.HasSuffix(block.Type, kind):
			return data, nil
		}
		found = append(found, block.Type)
	}
	if len(found) > 0 {
		return nil, fmt.Errorf("%s %s: want a %s, it holds only %s", option, file, kind, strings.Join(found, ", "))
	}
	return nil, fmt.Errorf("%s %s: it is not a PEM file: want text with -----BEGIN %s-----", option, file, kind)
}

// FirstCertificate returns the first certificate of a PEM file, nil if there is none.
func FirstCertificate(data []byte) []byte {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return block.Bytes
		}
	}
	return nil
}
