package access

import (
	"bytes"
	"encoding/base64"
)

// Bearer returns the token of an Authorization header of that scheme.
func Bearer(header []byte) []byte {
	scheme, token, ok := bytes.Cut(header, []byte(" "))
	if !ok || !bytes.EqualFold(scheme, []byte("Bearer")) {
		return nil
	}
	return bytes.TrimSpace(token)
}

// restorePlus undoes, in place, what an unescaped plus sign of base64 becomes in a URL.
func restorePlus(token []byte) []byte {
	for i := bytes.IndexByte(token, ' '); i >= 0 && i < len(token); i++ {
		if token[i] == ' ' {
			token[i] = '+'
		}
	}
	return token
}

// decodeToken returns the JWT that sent is, or is the base64 of. A JWT has dots, which base64 has not.
func decodeToken(sent []byte) []byte {
	if bytes.IndexByte(sent, '.') >= 0 {
		return sent
	}
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(sent, "-_") {
		encoding = base64.RawURLEncoding
	}
	token, err := encoding.AppendDecode(nil, bytes.TrimRight(sent, "="))
	if err != nil {
		return nil
	}
	return token
}
