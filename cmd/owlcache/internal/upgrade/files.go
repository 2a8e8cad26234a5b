package upgrade

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"owlcache/cluster"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// Group is the file of a group.
type Group struct {
	File    string   `json:"file"`
	Type    string   `json:"type"` // owlcache or gossip
	Members []string `json:"members"`
}

// members returns the members of a group.
func (u *inspection) members(kind string) []string {
	for _, g := range u.report.Data.Groups {
		if g.Type == kind {
			return g.Members
		}
	}
	return nil
}

// checkFiles looks at what lies beside the data and is used as it is.
func (u *inspection) checkFiles() error {
	if !u.report.Data.present {
		return nil
	}
	for _, g := range []Group{{datadir.GroupFile, "owlcache", nil}, {datadir.GossipFile, "gossip", nil}} {
		if err := u.checkGroup(g); err != nil {
			return err
		}
	}
	return u.checkSites()
}

// checkGroup reads the file of a group as a start does.
func (u *inspection) checkGroup(g Group) error {
	path := filepath.Join(u.report.Data.Directory, g.File)
	members, err := cluster.ReadList(path)
	mistake, wrong := errors.AsType[*cluster.FileError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, cluster.ErrEmptyFile):
		u.add(Finding{Level: Note, Place: path, Text: "the file is empty, as after a write that was interrupted; it counts as a list without members"})
		return nil
	case wrong:
		u.add(Finding{Level: Change, Place: mistake.Place(), Text: mistake.Err.Error(), Write: "correct the file, or remove it to start without members"})
		return nil
	case err != nil:
		return err
	}
	g.Members = append([]string{}, members...)
	u.report.Data.Groups = append(u.report.Data.Groups, g)
	return nil
}

// addDamage adds what is wrong with owlcache.db.
func (u *inspection) addDamage(damage *engine.CorruptError) {
	f := Finding{Level: Damaged, Place: damage.Path, Text: damage.Reason}
	if damage.Offset >= 0 {
		f.Text = fmt.Sprintf("offset %d: %s", damage.Offset, damage.Reason)
	}
	switch f.Write = damage.Mend; {
	case f.Write != "":
	case exists(filepath.Join(u.report.Data.Directory, datadir.NodeFile)):
		f.Write = "a start of this version has been here: \"owlcache check\" on the directory says more"
	default:
		f.Write = "if the old node runs, check again after its next save; else bring the file back from a backup, or remove it to start without data"
	}
	u.add(f)
}

// checkCurrent looks at a directory without data of 0.5.1: this version may have begun
// to use it.
func (u *inspection) checkCurrent() {
	source, _, err := datadir.Look(u.report.Data.Directory)
	if err != nil {
		return // nothing of a node is there
	}
	u.report.Data.Kind = Current
	_, _, err = source.Identity()
	newer, isNewer := errors.AsType[*datadir.FormatError](err)
	switch {
	case isNewer:
		u.add(Finding{Level: Change, Place: newer.Path, Text: newer.Error()})
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		u.add(Finding{Level: Damaged, Place: source.File(datadir.NodeFile), Text: err.Error()})
	}
}

// checkAccess finds what keeps a start from writing into a directory: err is the answer
// to whether one may.
func (u *inspection) checkAccess(dir string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, syscall.EROFS):
		u.add(Finding{Level: Change, Place: dir, Text: "the file system is mounted for reading alone: a start needs to write there", Write: "mount it for writing"})
	default:
		u.add(Finding{Level: Note, Place: dir, Text: "the user who asks may not write there (" + err.Error() + "): a node that this user starts ends with exit code 1",
			Write: "start the node as the owner of the directory, or change the owner"})
	}
}

// checkLinks finds links to nothing under the names that a start uses, but for
// owlcache.db.
func (u *inspection) checkLinks(dir string) {
	for _, name := range []string{datadir.LegacyAuthFile, datadir.GroupFile, datadir.GossipFile, datadir.SitesFile, datadir.LogDir,
		datadir.LockFile, datadir.NodeFile, datadir.SecretFile, datadir.PeersFile} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && exists(path) {
			u.add(Finding{Level: Change, Place: path, Text: "it is a link to something that is not there", Write: "bring back what it leads to, or remove the link"})
		}
	}
}

// checkKept finds what keeps a start from giving a file of 0.5.1 its second name.
func (u *inspection) checkKept(path string) {
	kept := path + datadir.LegacySuffix
	if !exists(path) || !exists(kept) || sameFile(path, kept) {
		return
	}
	u.add(Finding{Level: Change, Place: kept, Text: "the first start wants to keep " + filepath.Base(path) + " under this name, which is taken", Write: "move it away"})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// checkTokens counts the log-ins of 0.5.1.
func (u *inspection) checkTokens(path string) error {
	survey, err := engine.SurveyLegacy(path, u.now)
	var damage *engine.CorruptError
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, engine.ErrNotLegacy), errors.As(err, &damage):
		u.add(Finding{Level: Note, Place: path, Text: "the tokens of 0.5.1 cannot be counted; they are not taken over anyway, and the file does not matter"})
	case err != nil:
		return err
	default:
		u.report.Data.Tokens = survey.Live
	}
	return nil
}
