package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// jsonValue is a value for programs, as text or in base64.
type jsonValue struct {
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
}

func asJSONValue(value []byte) (j jsonValue) {
	j.Value, j.ValueBase64 = term.TextOrBase64(value)
	return j
}

// jsonEntry is what is known of an entry besides its value.
type jsonEntry struct {
	term.KeyJSON
	State   string    `json:"state"`
	Size    int       `json:"size"` // bytes of the value
	Created time.Time `json:"created,omitzero"`
	Expires time.Time `json:"expires,omitzero"`
	Version string    `json:"version"`
}

func asJSONEntry(e *entryMeta, now time.Time) jsonEntry {
	return jsonEntry{
		KeyJSON: term.AsJSON(e.key), State: e.state(now), Size: e.size,
		Created: createdTime(e.created), Expires: expiryTime(e.expires), Version: e.version.String(),
	}
}

// createdTime returns the time of nanoseconds, the zero one for 0.
func createdTime(ns int64) (t time.Time) {
	if ns != 0 {
		t = time.Unix(0, ns).UTC()
	}
	return t
}

// expiryTime returns the time of milliseconds, the zero one for 0.
func expiryTime(ms int64) (t time.Time) {
	if ms != 0 {
		t = milliTime(ms)
	}
	return t
}

// printJSON writes v on one line. Nothing in it does harm on a terminal.
func (in *inspector) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := in.out.Write(printableJSON(b.Bytes()))
	return err
}

// printableJSON escapes what a terminal may take for more than text, and which is in the strings alone.
func printableJSON(b []byte) []byte {
	if !bytes.ContainsFunc(b, func(r rune) bool { return r >= 0x7f }) {
		return b
	}
	var out []byte
	for _, r := range string(b) {
		switch {
		case r < 0x7f || unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// entryMeta is an entry without its value.
type entryMeta struct {
	key       []byte
	size      int
	created   int64 // Unix nanoseconds
	expires   int64 // Unix milliseconds, 0 = never
	version   engine.Version
	tombstone bool
}

// metaOf describes e. The key is that of e.
func metaOf(e *engine.Entry) entryMeta {
	return entryMeta{key: e.Key, size: len(e.Value), created: e.Created, expires: e.Expires, version: e.Version, tombstone: e.Tombstone}
}

// The states of an entry.
const (
	stateLive      = "live"
	stateExpired   = "expired"
	stateTombstone = "tombstone"
)

func (e *entryMeta) state(now time.Time) string {
	switch {
	case e.tombstone:
		return stateTombstone
	case e.expires != 0 && e.expires <= now.UnixMilli():
		return stateExpired
	}
	return stateLive
}
