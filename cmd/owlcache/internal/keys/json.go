package keys

import "unicode/utf8"

// JSON is a key in the output for programs: as text, or, if it is not valid
// UTF-8, in base64.
type JSON struct {
	Key       *string `json:"key,omitempty"`
	KeyBase64 []byte  `json:"key_base64,omitempty"`
}

// AsJSON returns a key for the output.
func AsJSON(key []byte) JSON {
	if utf8.Valid(key) {
		s := string(key)
		return JSON{Key: &s}
	}
	return JSON{KeyBase64: key}
}
