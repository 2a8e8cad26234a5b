package upgrade

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"owlcache/api/urlcache"
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
		u.add(Note, path, "the file is empty, as after a write that was interrupted; it counts as a list without members", "")
		return nil
	case wrong:
		u.add(Change, mistake.Place(), mistake.Err.Error(), "correct the file, or remove it to start without members")
		return nil
	case err != nil:
		return err
	}
	g.Members = append([]string{}, members...)
	u.report.Data.Groups = append(u.report.Data.Groups, g)
	return nil
}

func (u *inspection) addDamage(damage *engine.CorruptError) {
	text := damage.Reason
	if damage.Offset >= 0 {
		text = fmt.Sprintf("offset %d: %s", damage.Offset, text)
	}
	mend := "if the old node runs, check again after its next save; else bring the file back from a backup, or remove it to start without data"
	if exists(filepath.Join(u.report.Data.Directory, datadir.NodeFile)) {
		mend = "a start of this version has been here: \"owlcache check\" on the directory says more"
	}
	u.add(Damaged, damage.Path, text, cmp.Or(damage.Mend, mend))
}

// checkCurrent looks at a directory without data of 0.5.1: this version may have begun to use it.
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
		u.add(Change, newer.Path, newer.Error(), "")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		u.add(Damaged, source.File(datadir.NodeFile), err.Error(), "")
	}
}

// checkAccess finds what keeps a start from writing into a directory; err is that of mayWrite.
func (u *inspection) checkAccess(dir string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, syscall.EROFS):
		u.add(Change, dir, "the file system is mounted for reading alone: a start needs to write there", "mount it for writing")
	default:
		u.add(Note, dir, "the user who asks may not write there ("+err.Error()+"): a node that this user starts ends with exit code 1",
			"start the node as the owner of the directory, or change the owner")
	}
}

// checkLinks finds links to nothing under the names that a start uses, but for owlcache.db.
func (u *inspection) checkLinks(dir string) {
	for _, name := range []string{datadir.LegacyAuthFile, datadir.GroupFile, datadir.GossipFile, datadir.SitesFile, datadir.LogDir,
		datadir.LockFile, datadir.NodeFile, datadir.SecretFile, datadir.PeersFile} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && exists(path) {
			u.add(Change, path, "it is a link to something that is not there", "bring back what it leads to, or remove the link")
		}
	}
}

// checkKept finds what keeps a start from giving a file of 0.5.1 its second name.
func (u *inspection) checkKept(path string) {
	kept := path + datadir.LegacySuffix
	if !exists(path) || !exists(kept) || sameFile(path, kept) {
		return
	}
	u.add(Change, kept, "the first start wants to keep "+filepath.Base(path)+" under this name, which is taken", "move it away")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// checkTokens counts the log-ins of 0.5.1.
func (u *inspection) checkTokens(path string) error {
	survey, err := engine.SurveyLegacy(path, u.now)
	_, damaged := errors.AsType[*engine.CorruptError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, engine.ErrNotLegacy), damaged:
		u.add(Note, path, "the tokens of 0.5.1 cannot be counted; they are not taken over anyway, and the file does not matter", "")
	case err != nil:
		return err
	default:
		u.report.Data.Tokens = survey.Live
	}
	return nil
}

// checkSites looks at the file of the URL cache. Mistakes in it matter only if that is on.
func (u *inspection) checkSites() error {
	name, limit, level := datadir.SitesFile, engine.MaxValueSize, Note
	if c := u.conf; c != nil {
		name, limit = c.URLCache.File, c.Storage.MaxValueSize
		if c.URLCache.On {
			level = Change
		}
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(u.report.Data.Directory, name)
	}
	content, err := datadir.ReadSmallFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && level == Change:
		u.about(Change, &u.conf.URLCache.On, fmt.Sprintf("the URL cache is on, and its file %s is not there", path), "Open_Urlcache 0, or make the file")
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	sites, warnings, err := urlcache.ParseSites(path, content, limit)
	u.addLines(level, err, "correct the file")
	u.addLines(Note, errors.Join(warnings...), "")
	u.report.Data.Sites = len(sites)
	return nil
}

// addLines adds a finding for each line of an error that names its places itself.
func (u *inspection) addLines(level string, err error, write string) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		u.add(level, "", strings.TrimRight(line, "\n"), write)
	}
}
