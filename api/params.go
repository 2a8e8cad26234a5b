package api

import (
	"bytes"
	"errors"
	"strings"
)

// params are the parameters of a request. A body parameter wins over one of the
// query, and the first of several with one name counts. All slices point into
// buffers of the request.
type params struct {
	cmd, key, value, exptime, pass, token, owlToken, target []byte
	address, groupType                                      []byte // of /server/
	site                                                    []byte // of /uc/

	seen [numParams]bool
}

// param is the index of a known parameter.
type param uint8

const (
	paramCmd param = iota
	paramKey
	paramValue
	paramExptime
	paramPass
	paramToken
	paramOwlToken
	paramTarget
	paramAddress
	paramGroupType
	paramSite
	numParams
)

// Returned for parameters that cannot be read. They name no content.
var (
	errBadEscape = errors.New("broken percent escape")
	errBadForm   = errors.New("broken multipart form")
)

// paramNamed returns the parameter called name, if it is a known one.
func paramNamed(name []byte) (param, bool) {
	switch string(name) {
	case "cmd":
		return paramCmd, true
	case "key":
		return paramKey, true
	case "valuedata":
		return paramValue, true
	case "exptime":
		return paramExptime, true
	case "pass":
		return paramPass, true
	case "token":
		return paramToken, true
	case "owl_token":
		return paramOwlToken, true
	case "target":
		return paramTarget, true
	case "address":
		return paramAddress, true
	case "group_type":
		return paramGroupType, true
	case "uc_site":
		return paramSite, true
	}
	return 0, false
}

// set stores the value of p.
func (ps *params) set(p param, value []byte) {
	ps.seen[p] = true
	*ps.slot(p) = value
}

func (ps *params) slot(p param) *[]byte {
	switch p {
	case paramCmd:
		return &ps.cmd
	case paramKey:
		return &ps.key
	case paramValue:
		return &ps.value
	case paramExptime:
		return &ps.exptime
	case paramPass:
		return &ps.pass
	case paramToken:
		return &ps.token
	case paramTarget:
		return &ps.target
	case paramAddress:
		return &ps.address
	case paramGroupType:
		return &ps.groupType
	case paramSite:
		return &ps.site
	default:
		return &ps.owlToken
	}
}

// readParams reads body and query. After an error in one of them the parameters
// that could be read are there all the same, for the answer to name them.
func (x *exchange) readParams() error {
	bodyErr := x.readBodyParams()
	queryErr := x.params.parseForm(x.ctx.URI().QueryString())
	if bodyErr != nil {
		return bodyErr
	}
	return queryErr
}

// readBodyParams reads the parameters of the request's body, if there is one.
func (x *exchange) readBodyParams() error {
	if !x.hasBody() {
		return nil
	}
	if enc := x.ctx.Request.Header.ContentEncoding(); len(enc) > 0 && !strings.EqualFold(string(enc), "identity") {
		return refusal{status: 415, reason: "Content-Encoding of requests is not supported", close: true}
	}
	contentType := x.ctx.Request.Header.ContentType()
	switch {
	case isMediaType(contentType, "application/x-www-form-urlencoded"):
		if err := x.readBody(); err != nil {
			return err
		}
		return x.params.parseForm(x.body)
	case isMediaType(contentType, "multipart/form-data"):
		if err := x.readBody(); err != nil {
			return err
		}
		return x.parseMultipart(string(contentType))
	}
	// Taken for no parameters, a value sent as a bare body would be stored as an empty one.
	return refusal{status: 415, reason: "a request body must be application/x-www-form-urlencoded or multipart/form-data", close: true}
}

// isMediaType tells whether the Content-Type header names want, whatever its parameters.
func isMediaType(header []byte, want string) bool {
	kind, _, _ := bytes.Cut(header, []byte(";"))
	kind = bytes.TrimSpace(kind)
	return len(kind) == len(want) && strings.EqualFold(string(kind), want)
}
