package ask

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// errNoEnvelope is returned for a message that no node of any version would send.
var errNoEnvelope = errors.New("the member sends what is no owlcache message")

// canCarry tells whether a question over a WebSocket can hold key: there words end at a
// space, and other white space around them is cut off.
func canCarry(key []byte) bool {
	return len(key) > 0 && bytes.IndexByte(key, ' ') < 0 && len(bytes.TrimSpace(key)) == len(key)
}

func appendSocketQuestion(dst, key []byte, tag string) []byte {
	dst = append(append(dst, "get "...), key...)
	return append(append(dst, " info "...), tag...)
}

// socketAnswer is an envelope as far as it is of interest here.
type socketAnswer struct {
	Status        int
	Key           string // KEY@TAG
	Data          []byte
	KeyCreateTime string
}

func parseSocketAnswer(message []byte) (socketAnswer, error) {
	var a socketAnswer
	if err := json.Unmarshal(message, &a); err != nil {
		return a, errNoEnvelope // the error may quote the message
	}
	return a, nil
}

// tagOf returns the tag of the question. Tags have no @, keys may have.
func tagOf(key string) string {
	return key[strings.LastIndexByte(key, '@')+1:]
}

// tagOfStart returns the tag of an answer of which only the beginning is known, or "". In
// the order of the protocol the key is before the value.
func tagOfStart(start []byte) string {
	d := json.NewDecoder(bytes.NewReader(start))
	if _, err := d.Token(); err != nil { // {
		return ""
	}
	for {
		name, err := d.Token()
		if err != nil {
			return ""
		}
		value, err := d.Token()
		if err != nil {
			return ""
		}
		if name != "Key" {
			continue
		}
		key, _ := value.(string)
		return tagOf(key)
	}
}

// reply returns what the answer says. The value must not be larger than limit bytes.
func (a *socketAnswer) reply(limit int) (Reply, error) {
	switch {
	case a.Status == 404:
		return Reply{}, nil
	case a.Status != 200:
		return Reply{}, EnvelopeError(a.Status)
	case len(a.Data) > limit:
		return Reply{}, ErrTooLarge
	}
	created, err := parseEnvelopeTime(a.KeyCreateTime)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Found: true, Value: a.Data, Created: created}, nil
}

// parseEnvelopeTime reads RFC 3339, and to be safe the form of the header of that name.
func parseEnvelopeTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return parseKeyTime(s)
	}
	if !isOffset(t) {
		return time.Time{}, ErrKeyTime
	}
	return t, nil
}
