package upgrade

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// Data is what lies in the data directory. Sizes are in bytes.
type Data struct {
	Directory string `json:"directory"`
	present   bool   // the directory is there
	Kind      string `json:"kind"`

	// Of owlcache.db, if it is one of 0.5.1 and whole.
	Bytes        int64      `json:"bytes,omitempty"`
	Saved        *time.Time `json:"saved,omitempty"`
	Live         int64      `json:"live"` // taken over
	Expiring     int64      `json:"expiring"`
	Expired      int64      `json:"expired"`
	Refused      int64      `json:"refused"` // left out because no store can hold them
	KeyBytes     int64      `json:"key_bytes"`
	ValueBytes   int64      `json:"value_bytes"`
	LargestKey   int        `json:"largest_key"`
	LargestValue int        `json:"largest_value"`

	Tokens int64   `json:"tokens"` // in auth.db, not expired
	Groups []Group `json:"groups"`
	Sites  int     `json:"sites"` // of the URL cache
}

func (u *inspection) checkData() error {
	d := &u.report.Data
	d.Kind, d.Groups = None, []Group{}
	fi, err := os.Stat(d.Directory)
	switch {
	case u.conf != nil && errors.Is(err, fs.ErrNotExist):
		u.about(Change, &u.conf.Storage.Dir, fmt.Sprintf("the data directory %s does not exist: there is nothing to take over", d.Directory),
			"DBfile and the directory of the old node, or make an empty one to start with")
		return nil
	case err != nil:
		return err
	case !fi.IsDir(): // then the configuration has named it
		u.about(Change, &u.conf.Storage.Dir, d.Directory+" is no directory", "")
		return nil
	}
	d.present = true
	u.checkAccess(d.Directory, mayWrite(d.Directory))
	u.checkLinks(d.Directory)
	if err := u.checkStore(filepath.Join(d.Directory, datadir.SnapshotFile)); err != nil {
		return err
	}
	if d.Kind != Legacy {
		return nil
	}
	if mode := fi.Mode().Perm(); mode&0o077 != 0 {
		u.add(Note, d.Directory, fmt.Sprintf("other users may look into the directory (mode %04o)", mode), "chmod 700")
	}
	for _, name := range []string{datadir.SnapshotFile, datadir.LegacyAuthFile} {
		u.checkKept(filepath.Join(d.Directory, name))
	}
	return u.checkTokens(filepath.Join(d.Directory, datadir.LegacyAuthFile))
}

// checkStore finds out whose data it is, and counts that of 0.5.1.
func (u *inspection) checkStore(path string) error {
	d := &u.report.Data
	survey, fi, err := surveySettled(path, u.now)
	if err == nil {
		err = engine.CheckTakeOver(d.Directory)
	}
	damage, damaged := errors.AsType[*engine.CorruptError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, engine.ErrNotLegacy):
		u.checkCurrent()
		return nil
	case damaged:
		u.addDamage(damage)
		return nil
	case err != nil:
		return err
	}
	d.Kind, d.Bytes = Legacy, fi.Size()
	saved := fi.ModTime().UTC()
	d.Saved = &saved
	d.Live, d.Expiring, d.Expired, d.Refused = survey.Live, survey.Expiring, survey.Expired, survey.RefusedTotal
	d.KeyBytes, d.ValueBytes, d.LargestKey, d.LargestValue = survey.KeyBytes, survey.ValueBytes, survey.LargestKey, survey.LargestValue
	for _, r := range survey.Refused {
		u.add(Note, path, fmt.Sprintf("the entry %.30q is left out: a key has 1 to %s (this one %d) and a value at most %s (this one %d)",
			r.Key, config.FormatSize(engine.MaxKeySize), r.KeySize, config.FormatSize(engine.MaxValueSize), r.ValueSize), "")
	}
	if n := survey.RefusedTotal - int64(len(survey.Refused)); n > 0 {
		u.add(Note, path, fmt.Sprintf("%s more left out for their sizes; the log of the first start names all of them", term.Count(n, "entry")), "")
	}
	u.noteRunning(path, saved)
	return nil
}

// noteRunning says that the data is behind if the old node seems to run.
func (u *inspection) noteRunning(path string, saved time.Time) {
	every := time.Minute
	if u.conf != nil {
		every = cmp.Or(u.conf.Tasks.Checkpoint, every)
	}
	if age := u.now.Sub(saved); age < 0 || age > 2*every {
		return
	}
	u.add(Note, path, fmt.Sprintf("saved less than %s ago, so the old node seems to run: what it was told since is not counted, and it does not save when it is stopped", term.Span(2*every)),
		"stop the writers, wait for the next save, stop the node then")
}

// surveySettled reads a file of 0.5.1, again if the old node has written it meanwhile.
func surveySettled(path string, now time.Time) (survey *engine.LegacySurvey, fi fs.FileInfo, err error) {
	for try := 0; ; try++ {
		before, statErr := os.Stat(path)
		survey, err := engine.SurveyLegacy(path, now)
		if err == nil || statErr != nil || !wroteSince(path, before) || try == 10 {
			return survey, before, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func wroteSince(path string, before fs.FileInfo) bool {
	after, err := os.Stat(path)
	return err == nil && (after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()))
}
