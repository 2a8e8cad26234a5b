package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// assignment is one "this option has this value", and who says so.
type assignment struct {
	name, value string
	origin      string // file:line, environment NAME or flag --name
	err         error  // why it cannot be read; then name and value are empty
}

// parseFile reads the format of owlcache.conf: a name and a value on each line, separated by white
// space; # starts a comment line, [ a heading. All lines are read even if some are wrong.
func parseFile(path string, data []byte) []assignment {
	var list []assignment
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for i, line := range bytes.Split(data, []byte("\n")) {
		name, value, err := ParseLine(line)
		if name == "" && err == nil {
			continue
		}
		list = append(list, assignment{name, value, fmt.Sprintf("%s:%d", path, i+1), err})
	}
	return list
}

// ParseLine splits one line; the name is empty if the line says nothing.
func ParseLine(line []byte) (name, value string, err error) {
	if !utf8.Valid(line) {
		return "", "", errors.New("the line is not UTF-8")
	}
	s := strings.TrimSpace(string(line))
	if s == "" || s[0] == '#' {
		return "", "", nil
	}
	if s[0] == '[' {
		if !strings.HasSuffix(s, "]") {
			return "", "", errors.New("a heading starts with [ and ends with ]")
		}
		return "", "", nil
	}
	name = s
	if end := strings.IndexFunc(s, unicode.IsSpace); end >= 0 {
		name, value = s[:end], strings.TrimSpace(s[end:])
	}
	// What follows the sign may be a secret.
	if before, _, found := strings.Cut(name, "="); found || value == "=" || strings.HasPrefix(value, "= ") {
		return "", "", fmt.Errorf("%s: want white space between the name and the value, not =", before)
	}
	return name, value, nil
}
