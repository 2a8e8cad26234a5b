package datadir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

const checksumField = "crc"

// ChecksumState is what the checksum of a JSON file says.
type ChecksumState uint8

// The states.
const (
	ChecksumRight   ChecksumState = iota
	ChecksumMissing               // the file was written by an older program, or by hand
	ChecksumWrong                 // the file is damaged, or was edited by hand
)

// VerifyChecksum compares a JSON object with the field "crc" in it: the CRC32C, in
// hexadecimal, of the other fields as lines of name=value in the order of their
// names. A text is its value as it is, anything else is what JSON makes of it. The
// error, for what is no JSON object, does not quote it.
func VerifyChecksum(b []byte) (ChecksumState, error) {
	fields, err := jsonFields(b)
	if err != nil {
		return ChecksumMissing, err
	}
	has, ok := fields[checksumField]
	if !ok {
		return ChecksumMissing, nil
	}
	if has != checksum(fields) {
		return ChecksumWrong, nil
	}
	return ChecksumRight, nil
}

func jsonFields(b []byte) (fields map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // digit by digit
	if !json.Valid(b) || d.Decode(&fields) != nil || fields == nil {
		return nil, errors.New("it is not a JSON object")
	}
	return fields, nil
}

func checksum(fields map[string]any) string {
	crc := uint32(0)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name == checksumField {
			continue
		}
		value, ok := fields[name].(string)
		if !ok {
			b, _ := json.Marshal(fields[name]) // it came from JSON
			value = string(b)
		}
		crc = crc32.Update(crc, crc32.MakeTable(crc32.Castagnoli), []byte(name+"="+value+"\n"))
	}
	return fmt.Sprintf("%08x", crc)
}

// checksumOf returns the checksum of v as JSON, which must be an object.
func checksumOf(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	fields, err := jsonFields(b)
	if err != nil {
		return "", err
	}
	return checksum(fields), nil
}
