package dump

import (
	"encoding/base64"
	"errors"
	"strconv"

	"owlcache/engine"
)

// Decoder reads lines. It is used by one goroutine at a time. The zero value is ready.
type Decoder struct {
	createdDates, expiresDates dateParser
	scratch                    []byte

	in scanner
}

// members are what has been found in a line.
type members struct {
	seen member
	engine.Entry
}

// member is a set of members of an entry.
type member uint8

const (
	memberKey member = 1 << iota
	memberValue
	memberCreated
	memberExpires
)

// Decode reads the entry of a line, with or without its line end. Key and value of e
// are parts of line, which is changed; Created is 0 if the line does not say, Expires 0
// if the entry never expires. Errors say where in the line and what is wrong, never
// what is in key or value.
func (d *Decoder) Decode(line []byte, e *engine.Entry) error {
	d.in = scanner{line: line}
	m := members{}
	if err := d.object(&m); err != nil {
		return err
	}
	switch {
	case m.seen&memberKey == 0:
		return errors.New(`the member "key" or "key_base64" is missing`)
	case m.seen&memberValue == 0:
		return errors.New(`the member "value" or "value_base64" is missing`)
	}
	if err := fits(&m.Entry); err != nil {
		return err
	}
	*e = m.Entry
	return nil
}

func (d *Decoder) object(m *members) error {
	in := &d.in
	if in.skipSpace() != '{' {
		return in.problem("an object in { } is expected")
	}
	in.pos++
	if in.skipSpace() == '}' {
		in.pos++
		return in.end()
	}
	for {
		if err := d.member(m); err != nil {
			return err
		}
		switch in.skipSpace() {
		case ',':
			in.pos++
		case '}':
			in.pos++
			return in.end()
		default:
			return in.problem("a comma or } is expected")
		}
	}
}

// member reads a name and what it has.
func (d *Decoder) member(m *members) error {
	in := &d.in
	if in.skipSpace() != '"' {
		return in.problem(`a name in " is expected`)
	}
	at := in.pos
	name, err := in.text()
	if err != nil {
		return err
	}
	which := memberOf(name)
	switch {
	case which == 0:
		return in.problemAt(at, "unknown member "+shownName(name))
	case m.seen&which != 0:
		return in.problemAt(at, "second member "+shownName(name)+" of this entry")
	}
	m.seen |= which
	if in.skipSpace() != ':' {
		return in.problem("a colon is expected")
	}
	in.pos++
	if in.skipSpace() != '"' {
		return in.problem("the member " + string(name) + ` has to be a string in "`)
	}
	at = in.pos
	s, err := in.text()
	if err != nil {
		return err
	}
	if err := d.assign(m, name, s); err != nil {
		return in.problemAt(at, "the member "+string(name)+" "+err.Error())
	}
	return nil
}

func memberOf(name []byte) member {
	switch string(name) {
	case "key", "key_base64":
		return memberKey
	case "value", "value_base64":
		return memberValue
	case "created":
		return memberCreated
	case "expires":
		return memberExpires
	}
	return 0
}

func (d *Decoder) assign(m *members, name, s []byte) (err error) {
	switch string(name) {
	case "key":
		m.Key = s
	case "value":
		m.Value = s
	case "key_base64":
		m.Key, err = d.unbase64(s)
	case "value_base64":
		m.Value, err = d.unbase64(s)
	case "created":
		if m.Created, err = d.createdDates.created(s); m.Created == 0 {
			m.Created = 1 // 0 would say that it is not known
		}
	case "expires":
		m.Expires, err = d.expiresDates.expires(s)
	}
	return err
}

// unbase64 decodes s into its own place.
func (d *Decoder) unbase64(s []byte) ([]byte, error) {
	for _, c := range s {
		if c == '\n' || c == '\r' { // which the decoder would skip
			return nil, errBase64
		}
	}
	if n := base64.StdEncoding.DecodedLen(len(s)); cap(d.scratch) < n {
		d.scratch = make([]byte, n)
	}
	n, err := base64.StdEncoding.Strict().Decode(d.scratch[:cap(d.scratch)], s)
	if err != nil {
		return nil, errBase64
	}
	n = copy(s, d.scratch[:n])
	if cap(d.scratch) > maxKept {
		d.scratch = nil
	}
	return s[:n:n], nil
}

var errBase64 = errors.New("is no base64 (RFC 4648, padded)")

// maxKept is the size in bytes above which a buffer is not used again.
const maxKept = 4 << 20

// shownName renders a name of a line for a message.
func shownName(name []byte) string {
	const most = 40
	if len(name) > most {
		return strconv.QuoteToASCII(string(name[:most])) + "…"
	}
	return strconv.QuoteToASCII(string(name))
}
