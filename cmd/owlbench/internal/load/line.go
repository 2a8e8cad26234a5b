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

// parseLine parses the line protocol of owlcache: an envelope has its status, any
// other line is a value and has status 200.
func parseLine(b []byte) (Response, int, error) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if len(b) > maxBody {
			return Response{}, 0, errNoLine
		}
		return Response{}, 0, nil
	}
	line := b[:end]
	if !bytes.HasPrefix(line, []byte(envelopeHead)) {
		return Response{Status: 200, Body: line}, end + 1, nil
	}
	_, rest, _ := bytes.Cut(line, []byte(statusField))
	status, ok := parseNumber(rest[:min(3, len(rest))])
	if !ok {
		return Response{}, 0, errNoStatus
	}
	return Response{Status: status, Body: line}, end + 1, nil
}
