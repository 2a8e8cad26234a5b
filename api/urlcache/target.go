package urlcache

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

const maxDecodings = 4

// Returned for a key that is no path at an origin.
var (
	errKeySlash    = errors.New("it must begin with a single /")
	errKeyByte     = errors.New("it must have no control character and no backslash")
	errKeyFragment = errors.New("it must have no #")
	errKeyEscape   = errors.New("it has a % that is not followed by two hexadecimal digits")
	errKeyDots     = errors.New("it must have no . or .. between slashes, encoded or not")
	errKeyDeep     = errors.New("its path is percent-encoded too many times over")
)

// target takes path and query from the key; scheme, host and port are the site's whatever the key holds.
func (s *Site) target(key string) (*url.URL, error) {
	path, query, hasQuery := strings.Cut(key, "?")
	switch {
	case strings.IndexByte(key, '#') >= 0:
		return nil, errKeyFragment
	case strings.ContainsFunc(query, isForbidden):
		return nil, errKeyByte
	}
	path, err := encodePath(path)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(path, "/") {
		return nil, errKeySlash
	}
	if query, err = encode(query, "/?"); err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: s.Origin.Scheme, Host: s.Origin.urlHost(), RawPath: s.Prefix + path, RawQuery: query, ForceQuery: hasQuery}
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, errKeyEscape
	}
	return u, nil
}

// encodePath refuses what a server that decodes once more, or reads backslashes as slashes, could take for
// another place than it looks like.
func encodePath(path string) (string, error) {
	plain := path
	for range maxDecodings {
		if strings.ContainsFunc(plain, isForbidden) {
			return "", errKeyByte
		}
		if strings.HasPrefix(plain, "//") {
			return "", errKeySlash
		}
		if hasDots(plain) {
			return "", errKeyDots
		}
		decoded := decode(plain)
		if decoded == plain {
			return encode(path, "/")
		}
		plain = decoded
	}
	return "", errKeyDeep
}

// decode leaves a % without two digits behind it, which may itself have been encoded.
func decode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8) // they are digits
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isForbidden(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }

// hasDots looks for . or .. between slashes, also with parameters behind a semicolon, which some servers
// cut off, or with what was an encoded query.
func hasDots(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if i := strings.IndexAny(part, ";?#"); i >= 0 {
			part = part[:i]
		}
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// encode percent-encodes every byte that is not unreserved (RFC 3986), a subordinate delimiter, one of
// ": [ ]" or of also. What is encoded already stays. An @ is encoded, which servers undo: so no program
// on the way takes what is before it for a user.
func encode(s, also string) (string, error) {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", errKeyEscape
			}
			b.WriteByte(c)
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			strings.IndexByte("-._~!$&'()*+,;=:[]", c) >= 0, strings.IndexByte(also, c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String(), nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
