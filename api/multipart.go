package api

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
)

// maxParts bounds the parts of a multipart form; there are fewer known parameters.
const maxParts = 256

// parseMultipart reads the known parameters of the multipart form in x.body.
// Fields and files are the same.
func (x *exchange) parseMultipart(contentType string) error {
	_, attrs, err := mime.ParseMediaType(contentType)
	if err != nil || attrs["boundary"] == "" {
		return errBadForm
	}
	// The values are copied out of the body.
	if err := x.takeMemory(int64(len(x.body))); err != nil {
		return err
	}
	r := multipart.NewReader(bytes.NewReader(x.body), attrs["boundary"])
	for range maxParts {
		// Raw: a value is taken as it is sent, whatever encoding its headers claim.
		part, err := r.NextRawPart()
		if err == io.EOF { //nolint:errorlint // a wrapped EOF says that the form ends early
			return nil
		}
		if err != nil {
			return errBadForm
		}
		p, known := paramNamed([]byte(part.FormName()))
		if !known || x.params.seen[p] {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return errBadForm
		}
		x.params.set(p, value)
	}
	return errBadForm
}
