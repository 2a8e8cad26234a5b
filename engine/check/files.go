package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/judge"
	"owlcache/wal"
)

func (c *checker) files(list *findings, holder string) error {
	if holder == "" {
		list.ok(datadir.LockFile, "no process uses the directory")
	} else {
		list.ok(datadir.LockFile, "in use by %s", holder)
	}
	if err := c.node(list); err != nil {
		return err
	}
	for _, f := range judge.Files() {
		b, err := datadir.ReadSmallFile(c.src.File(f.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, fs.ErrPermission):
			return err
		case err == nil:
			err = f.Check(b)
		}
		switch {
		case err != nil:
			list.add(Finding{Level: Fail, File: f.Name, Offset: -1, Text: err.Error(), Lost: f.Lost, Mend: f.Mend})
		case f.Name == datadir.SecretFile:
			c.secrets(list, b)
		default:
			list.ok(f.Name, "valid")
		}
	}
	return nil
}

func (c *checker) node(list *findings) error {
	id, _, err := c.src.Identity()
	var newer *datadir.FormatError
	switch {
	case errors.As(err, &newer), errors.Is(err, fs.ErrPermission):
		return err
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(c.src.File(datadir.LogDir)); errors.Is(err, fs.ErrNotExist) {
			list.ok(datadir.NodeFile, "not there yet: the first start makes it")
			return nil
		}
		list.add(Finding{Level: Warn, File: datadir.NodeFile, Offset: -1, Text: "it is missing: a start gives the node a new identity",
			Lost: "the identity of the node", Mend: "restore " + datadir.NodeFile})
		return nil
	case err != nil:
		text := strings.TrimPrefix(err.Error(), c.src.File(datadir.NodeFile)+": ")
		list.add(Finding{Level: Fail, File: datadir.NodeFile, Offset: -1, Text: text,
			Lost: "the identity of the node; no node starts", Mend: "restore " + datadir.NodeFile + ", or delete it to give the node a new identity"})
		return nil
	}
	b, err := datadir.ReadSmallFile(c.src.File(datadir.NodeFile))
	if err != nil {
		return err
	}
	if state, err := datadir.VerifyChecksum(b); err == nil && state == datadir.ChecksumMissing {
		list.add(Finding{Level: Warn, File: datadir.NodeFile, Offset: -1,
			Text: fmt.Sprintf("node %016x; it has no checksum: written by an older owlcache, or edited by hand", id)})
		return nil
	}
	list.ok(datadir.NodeFile, "node %016x", id)
	return nil
}

// secrets verifies what is not in the content of secret.json.
func (c *checker) secrets(list *findings, b []byte) {
	good := true
	warn := func(text, mend string) {
		good = false
		list.add(Finding{Level: Warn, File: datadir.SecretFile, Offset: -1, Text: text, Mend: mend})
	}
	if fi, err := os.Stat(c.src.File(datadir.SecretFile)); err == nil && fi.Mode().Perm()&0o077 != 0 {
		warn(fmt.Sprintf("others may read it: mode %04o", fi.Mode().Perm()), "set its mode to 0600, as the next start does")
	}
	const mend = "look at it, and restore or delete it if nobody has edited it; the next start writes the checksum"
	switch state, err := datadir.VerifyChecksum(b); {
	case err != nil, state == datadir.ChecksumWrong:
		warn("wrong checksum: edited by hand, or damaged", mend)
	case state == datadir.ChecksumMissing:
		warn("it has no checksum: edited by hand, or written by an older owlcache", mend)
	}
	if good {
		list.ok(datadir.SecretFile, "valid")
	}
}

func (c *checker) others(list *findings) error {
	known := []string{datadir.LockFile, datadir.NodeFile, datadir.SecretFile, datadir.SnapshotFile, datadir.LogDir,
		datadir.GroupFile, datadir.GossipFile, datadir.PeersFile, datadir.SitesFile, "README.md", ".gitignore", "lost+found"}
	for _, dir := range []string{"", datadir.LogDir} {
		entries, err := os.ReadDir(c.src.File(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if dir == "" && slices.Contains(known, e.Name()) || dir != "" && isSegment(e) {
				continue
			}
			list.add(otherFile(path.Join(dir, e.Name()), e.IsDir()))
		}
	}
	return nil
}

func isSegment(e fs.DirEntry) bool {
	_, ok := wal.ParseSegmentName(e.Name())
	return ok && e.Type().IsRegular()
}

func otherFile(name string, isDir bool) Finding {
	f := Finding{Level: OK, File: name, Offset: -1}
	base := path.Base(name)
	switch {
	case isDir:
		f.Level, f.Text = Warn, "a directory that is not of owlcache: it is left alone"
	case datadir.IsLeftover(base):
		f.Text = "it was being written when a process died, or is right now: the next start removes it"
	case strings.Contains(base, wal.SegmentSuffix+wal.BrokenSuffix):
		f.Text = "the torn end of the log that a start has cut off: it may be deleted"
	case name == datadir.PeersFile+".broken":
		f.Text = "a damaged list of peers that a start has put aside: it may be deleted"
	case strings.HasSuffix(base, datadir.LegacySuffix):
		f.Text = "a file of owlcache 0.5.1 whose content was taken over: it may be deleted"
	case name == datadir.LegacyAuthFile:
		f.Text = "log-ins of a 0.5.1 node: the first start keeps it as " + datadir.LegacyAuthFile + datadir.LegacySuffix
	default:
		f.Level, f.Text, f.Mend = Warn, "not a file of owlcache: it is left alone", "move it away if nobody needs it here"
	}
	return f
}
