package dump

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"owlcache/engine"
)

// decodeLine reads the entry of a line, with or without its line end. Created of e is 0 if the line
// does not say, Expires 0 if the entry never expires. Errors say what is wrong, and where if the
// line is no JSON, and show of key and value one character at most.
func decodeLine(line []byte, e *engine.Entry) error {
	if at := notUTF8(line); at >= 0 {
		return problem(at, "this is not valid UTF-8; use base64 for what is no text")
	}
	var members map[string]json.RawMessage // what a line nests is not built before it is refused
	if err := json.Unmarshal(line, &members); err != nil {
		return notObject(line, err)
	}
	if at := halfSurrogate(line); at >= 0 { // for which encoding/json takes another character
		return problem(at, "there is half a surrogate pair in a string; use base64 for what is no text")
	}
	d := decoder{}
	for name, value := range members {
		if err := d.member(name, value); err != nil {
			return err
		}
	}
	switch {
	case quotes(line) != 4*len(members): // encoding/json takes the last one
		return errors.New("a member is there twice")
	case d.keys != 1:
		return errors.New(`the member "key" or "key_base64" is missing, or both are there`)
	case d.values != 1:
		return errors.New(`the member "value" or "value_base64" is missing, or both are there`)
	}
	if err := fits(&d.entry); err != nil {
		return err
	}
	*e = d.entry
	return nil
}

// decoder collects the members of a line.
type decoder struct {
	entry        engine.Entry
	keys, values int // how many there are
}

func (d *decoder) member(name string, value json.RawMessage) (err error) {
	var s string
	isString := value[0] == '"'
	if isString {
		if err := json.Unmarshal(value, &s); err != nil {
			return err
		}
	}
	switch name {
	case "key":
		d.entry.Key = []byte(s)
		d.keys++
	case "key_base64":
		d.entry.Key, err = unbase64(s)
		d.keys++
	case "value":
		d.entry.Value = []byte(s)
		d.values++
	case "value_base64":
		d.entry.Value, err = unbase64(s)
		d.values++
	case "created":
		d.entry.Created, err = parseCreated(s)
	case "expires":
		d.entry.Expires, err = parseExpires(s)
	default:
		return errors.New("unknown member " + shownName(name))
	}
	switch {
	case !isString:
		return errors.New("the member " + name + ` has to be a string in "`)
	case err != nil:
		return fmt.Errorf("the member %s %w", name, err)
	}
	return nil
}

// problem tells what is wrong at a place, of which pos bytes of the line are before.
func problem(pos int, what string) error { return fmt.Errorf("byte %d: %s", pos+1, what) }

// notObject tells what is wrong with a line in which encoding/json finds no object.
func notObject(line []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return errors.New("an object in { } is expected")
	}
	return problem(int(syntax.Offset)-1, syntax.Error())
}

// quotes counts those that begin or end a string of valid JSON.
func quotes(line []byte) (n int) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			n++
		case '\\':
			i++
		}
	}
	return n
}

func unbase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || base64.StdEncoding.EncodedLen(len(b)) != len(s) { // line ends in it are skipped
		return nil, errors.New("is no base64 (RFC 4648, padded)")
	}
	return b, nil
}

// notUTF8 returns where a line is not valid UTF-8, -1 if it is.
func notUTF8(line []byte) int {
	if utf8.Valid(line) {
		return -1
	}
	at := 0
	for r, n := utf8.DecodeRune(line); r != utf8.RuneError || n != 1; r, n = utf8.DecodeRune(line[at:]) {
		at += n
	}
	return at
}

// halfSurrogate returns where in valid JSON there is an escape \u of half a pair, for which
// encoding/json takes another character; -1 if there is none.
func halfSurrogate(line []byte) int {
	if !bytes.Contains(line, []byte(`\ud`)) && !bytes.Contains(line, []byte(`\uD`)) {
		return -1
	}
	code := func(at int) rune {
		n, err := strconv.ParseUint(string(line[at+2:at+6]), 16, 16)
		if err != nil || line[at] != '\\' || line[at+1] != 'u' {
			return 0
		}
		return rune(n)
	}
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] != '\\':
		case line[i+1] != 'u':
			i++
		case utf16.IsSurrogate(code(i)):
			if i+12 > len(line) || utf16.DecodeRune(code(i), code(i+6)) == utf8.RuneError {
				return i
			}
			i += 11
		}
	}
	return -1
}

// shownName renders a name of a line for a message.
func shownName(name string) string {
	const most = 40
	if len(name) > most {
		return strconv.QuoteToASCII(name[:most]) + "…"
	}
	return strconv.QuoteToASCII(name)
}
