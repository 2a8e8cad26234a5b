package repair

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/judge"
)

type file struct {
	name    string
	content []byte
}

func (r *repairer) readFiles() (files []file, err error) {
	id, _, err := r.src.Identity()
	var newer *datadir.FormatError
	if errors.As(err, &newer) {
		return nil, err
	}
	r.node = id
	node := judge.File{Name: datadir.NodeFile, Check: func([]byte) error { return err }}
	for _, f := range append([]judge.File{node}, judge.Files()...) {
		content, err := datadir.ReadSmallFile(r.src.File(f.Name))
		if err == nil {
			err = f.Check(content)
		}
		state := File{Name: f.Name, State: FileCopied}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			state.State = FileAbsent
		case err != nil:
			state.State, state.Problem = FileLost, err.Error()
		default:
			if f.Name == datadir.PeersFile {
				content = withoutVersions(content)
			}
			files = append(files, file{f.Name, content})
		}
		if f.Name == datadir.NodeFile && state.State != FileCopied && !r.neverOpened() {
			state.State = FileLost
			state.Problem = strings.TrimPrefix(state.Problem+": the node gets a new identity", ": ")
		}
		r.report.Files = append(r.report.Files, state)
	}
	return files, nil
}

// withoutVersions drops from a list of peers what this node has seen of the writes of
// each: some of that may have been lost. Without it the group makes the loss good; with
// it the others would take what is lacking for deleted.
func withoutVersions(content []byte) []byte {
	var list map[string]any
	if json.Unmarshal(content, &list) != nil {
		return content // no list with versions
	}
	delete(list, "versions")
	b, err := json.MarshalIndent(list, "", "\t")
	if err != nil {
		return content // cannot be: it has just been read
	}
	return append(b, '\n')
}

// neverOpened tells whether the directory is as a 0.5.1 node has left it.
func (r *repairer) neverOpened() bool {
	_, noNode := os.Lstat(r.src.File(datadir.NodeFile))
	_, noLog := os.Lstat(r.src.File(datadir.LogDir))
	return errors.Is(noNode, fs.ErrNotExist) && errors.Is(noLog, fs.ErrNotExist)
}
