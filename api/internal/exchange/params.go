package exchange

import (
	"bytes"
	"strings"
)

// ReadParams reads body and query. After an error in one of them the parameters
// that could be read are there all the same, for the answer to name them.
func (x *Exchange) ReadParams() error {
	bodyErr := x.readBodyParams()
	queryErr := x.Params.ParseForm(x.Ctx.URI().QueryString())
	if bodyErr != nil {
		return bodyErr
	}
	return queryErr
}

func (x *Exchange) readBodyParams() error {
	if !x.HasBody() {
		return nil
	}
	if enc := x.Ctx.Request.Header.ContentEncoding(); len(enc) > 0 && !strings.EqualFold(string(enc), "identity") {
		return refuseBody(415, "Content-Encoding of requests is not supported")
	}
	contentType := x.Ctx.Request.Header.ContentType()
	form := isMediaType(contentType, "application/x-www-form-urlencoded")
	if !form && !isMediaType(contentType, "multipart/form-data") {
		// Taken for no parameters, a value sent as a bare body would be stored as an empty one.
		return refuseBody(415, "a request body must be application/x-www-form-urlencoded or multipart/form-data")
	}
	if err := x.readBody(); err != nil {
		return err
	}
	if form {
		return x.Params.ParseForm(x.body)
	}
	if err := x.takeMemory(int64(len(x.body))); err != nil { // for the copies of the values
		return err
	}
	return x.Params.ParseMultipart(string(contentType), x.body)
}

func isMediaType(header []byte, want string) bool {
	kind, _, _ := bytes.Cut(header, []byte(";"))
	kind = bytes.TrimSpace(kind)
	return len(kind) == len(want) && strings.EqualFold(string(kind), want)
}
