package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"owlcache/engine/datadir"
)

// Bounds of a list.
const (
	MaxMembers  = 1024
	maxFileSize = 4 << 20 // bytes
)

// FileError is returned for a file that holds no list of members. Line and Column count
// from 1, the column in bytes; both are 0 where the file as a whole is wrong.
type FileError struct {
	Path         string
	Line, Column int
	Err          error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%s: %v", e.Place(), e.Err)
}

// Place returns PATH, or PATH:LINE:COLUMN.
func (e *FileError) Place() string {
	if e.Line == 0 {
		return e.Path
	}
	return fmt.Sprintf("%s:%d:%d", e.Path, e.Line, e.Column)
}

func (e *FileError) Unwrap() error { return e.Err }

// ErrEmptyFile is returned for a file without content, which is what is left of one
// whose writing was interrupted. An empty list is null or [].
var ErrEmptyFile = errors.New("the file is empty: an empty list is written null")

// fault is what is wrong at an offset of a file.
type fault struct {
	offset int
	error
}

// parseList reads the members in the content of a file, each once, in their order. An
// error is a fault where it has a place.
//
//	[
//		{
//			"Cmd": "",
//			"Address": "10.0.0.5:7721",
//			"Pass": "",
//			"Token": ""
//		}
//	]
//
// Only Address is looked at. null stands for an empty list.
func parseList(content []byte) ([]string, error) {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, ErrEmptyFile
	}
	if err := checkSyntax(content); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(content))
	open, err := d.Token()
	switch {
	case err != nil:
		return nil, err
	case open == nil: // null
		return nil, nil
	case open != json.Delim('['):
		return nil, fault{int(d.InputOffset()) - 1, errors.New(`want a list of members: [{"Address": "HOST:PORT"}]`)}
	}
	var members []string
	seen := map[string]bool{}
	for d.More() {
		address, err := nextMember(d)
		if err != nil {
			return nil, err
		}
		if seen[address] {
			continue
		}
		if len(members) == MaxMembers {
			return nil, fault{int(d.InputOffset()) - 1, fmt.Errorf("more than %d members", MaxMembers)}
		}
		seen[address] = true
		members = append(members, address)
	}
	return members, nil
}

// checkSyntax finds where content stops being JSON.
func checkSyntax(content []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(content, &whole)
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	switch {
	case !ok:
		return err
	case strings.HasPrefix(err.Error(), "unexpected end"):
		return fault{len(content), err}
	}
	return fault{max(0, int(syntax.Offset)-1), err}
}

func nextMember(d *json.Decoder) (string, error) {
	var element json.RawMessage
	if err := d.Decode(&element); err != nil {
		return "", err
	}
	start := int(d.InputOffset()) - len(element)
	at, text, ok := addressIn(element)
	if !ok {
		return "", fault{start, errors.New(`a member is written {"Address": "HOST:PORT"}`)}
	}
	address, err := ParseAddress(text)
	if err != nil {
		return "", fault{start + at, errors.New(err.Error())} // no ErrAddress: that is of an argument
	}
	return address, nil
}

// addressIn returns the field Address of a JSON object and the offset of its value. The
// case of names does not count. Of several fields of a name, the last one does.
func addressIn(object []byte) (at int, address string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return 0, "", false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return 0, "", false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return 0, "", false
		}
		if s, _ := name.(string); !strings.EqualFold(s, "Address") {
			continue
		}
		if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &address) != nil {
			return 0, "", false
		}
		at, ok = int(d.InputOffset())-len(value), true
	}
	return at, address, ok
}

// fileMember is a member as files have it. A reader of older programs wants all fields.
type fileMember struct{ Cmd, Address, Pass, Token string }

func formatList(members []string) ([]byte, error) {
	var list []fileMember // nil is null
	for _, address := range members {
		list = append(list, fileMember{Address: address})
	}
	return json.MarshalIndent(list, "", "\t")
}

// placed gives an error of parseList the file and, if it has one, the place.
func placed(path string, content []byte, err error) error {
	e := &FileError{Path: path, Err: err}
	if f, ok := errors.AsType[fault](err); ok {
		before := content[:min(f.offset, len(content))]
		e.Line = bytes.Count(before, []byte("\n")) + 1
		e.Column = len(before) - bytes.LastIndexByte(before, '\n')
		e.Err = f.error
	}
	return e
}

// writeFile replaces the file of the list, atomically and durably. A symbolic link stays:
// the file it points to is replaced.
func (l *List) writeFile(content []byte) error {
	info, err := os.Lstat(l.path())
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		return l.dir.WriteFile(l.name, content, 0o600)
	}
	target, err := filepath.EvalSymlinks(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return &FileError{Path: l.path(), Err: errors.New("it is a link to a file that is not there")}
	}
	if err == nil {
		info, err = os.Stat(target)
	}
	if err == nil {
		err = datadir.Replace(target, content, info.Mode().Perm())
	}
	if err != nil {
		return fmt.Errorf("write %s, which is a link: %w", l.path(), err)
	}
	return nil
}
