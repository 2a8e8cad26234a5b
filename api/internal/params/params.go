package params

import "errors"

// Params are the parameters of a request by their names below; nil: there is none. A body
// parameter wins over one of the query, and the first of several with one name counts. All
// values point into buffers of the request.
type Params [count][]byte

// Name is the name of a known parameter.
type Name uint8

// The known parameters.
const (
	Cmd Name = iota
	Key
	Value // valuedata
	Exptime
	Pass
	Token
	OwlToken
	Target
	Address   // of /server/
	GroupType // of /server/
	Site      // uc_site, of /uc/
	count
)

// Returned for parameters that cannot be read. They name no content.
var (
	ErrBadEscape = errors.New("broken percent escape")
	ErrBadForm   = errors.New("broken multipart form")
)

func nameOf(name []byte) (n Name, known bool) {
	switch string(name) {
	case "cmd":
		return Cmd, true
	case "key":
		return Key, true
	case "valuedata":
		return Value, true
	case "exptime":
		return Exptime, true
	case "pass":
		return Pass, true
	case "token":
		return Token, true
	case "owl_token":
		return OwlToken, true
	case "target":
		return Target, true
	case "address":
		return Address, true
	case "group_type":
		return GroupType, true
	case "uc_site":
		return Site, true
	}
	return 0, false
}

func (ps *Params) wants(name []byte) (n Name, ok bool) {
	n, known := nameOf(name)
	return n, known && ps[n] == nil
}

// set keeps an empty value apart from none.
func (ps *Params) set(n Name, value []byte) {
	if value == nil {
		value = []byte{}
	}
	ps[n] = value
}
