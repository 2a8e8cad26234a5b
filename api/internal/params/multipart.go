package params

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
)

// maxParts bounds the parts of a multipart form; there are fewer known parameters.
const maxParts = 256

// ParseMultipart reads the known parameters of the multipart form in body. Fields and files
// are the same. The values are copied.
func (ps *Params) ParseMultipart(contentType string, body []byte) error {
	_, attrs, err := mime.ParseMediaType(contentType)
	if err != nil || attrs["boundary"] == "" {
		return ErrBadForm
	}
	r := multipart.NewReader(bytes.NewReader(body), attrs["boundary"])
	for range maxParts {
		// Raw: a value is taken as it is sent, whatever encoding its headers claim.
		part, err := r.NextRawPart()
		if err == io.EOF { //nolint:errorlint // a wrapped EOF says that the form ends early
			return nil
		}
		if err != nil {
			return ErrBadForm
		}
		n, wanted := ps.wants([]byte(part.FormName()))
		if !wanted {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return ErrBadForm
		}
		ps.set(n, value)
	}
	return ErrBadForm
}
