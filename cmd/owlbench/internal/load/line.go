package load

import (
	"bytes"
	"errors"
)

const (
	envelopeHead = `{"Cmd":"`
	statusField  = `,"Status":`
)

var (
	errNoLine   = errors.New("answer has no line end")
	errNoStatus = errors.New("envelope has no status")
)

// ParseLine is ParseHTTP for the line protocol of owlcache: an envelope has its
// status, any other line is a value and has status 200.
func parseLine(b []byte) (response, int, error) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if len(b) > maxBody {
			return response{}, 0, errNoLine
		}
		return response{}, 0, nil
	}
	line := b[:end]
	if !bytes.HasPrefix(line, []byte(envelopeHead)) {
		return response{Status: 200, Body: line}, end + 1, nil
	}
	at := bytes.Index(line, []byte(statusField))
	if at < 0 || len(line) < at+len(statusField)+3 {
		return response{}, 0, errNoStatus
	}
	status, ok := parseNumber(line[at+len(statusField):][:3])
	if !ok {
		return response{}, 0, errNoStatus
	}
	return response{Status: status, Body: line}, end + 1, nil
}
