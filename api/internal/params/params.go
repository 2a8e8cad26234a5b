package params

import (
	"errors"
)

// Params are the parameters of a request. A body parameter wins over one of the
// query, and the first of several with one name counts. All slices point into
// buffers of the request.
type Params struct {
	Cmd, Key, Value, Exptime, Pass, Token, OwlToken, Target []byte
	Address, GroupType                                      []byte // of /server/
	Site                                                    []byte // of /uc/

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
	ErrBadEscape = errors.New("broken percent escape")
	ErrBadForm   = errors.New("broken multipart form")
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
func (ps *Params) set(p param, value []byte) {
	ps.seen[p] = true
	*ps.slot(p) = value
}

func (ps *Params) slot(p param) *[]byte {
	switch p {
	case paramCmd:
		return &ps.Cmd
	case paramKey:
		return &ps.Key
	case paramValue:
		return &ps.Value
	case paramExptime:
		return &ps.Exptime
	case paramPass:
		return &ps.Pass
	case paramToken:
		return &ps.Token
	case paramTarget:
		return &ps.Target
	case paramAddress:
		return &ps.Address
	case paramGroupType:
		return &ps.GroupType
	case paramSite:
		return &ps.Site
	default:
		return &ps.OwlToken
	}
}

// HasOwlToken tells whether there was an owl_token, be it empty.
func (ps *Params) HasOwlToken() bool { return ps.seen[paramOwlToken] }
