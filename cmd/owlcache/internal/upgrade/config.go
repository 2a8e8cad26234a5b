package upgrade

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"owlcache/cmd/owlcache/internal/config"
)

const byteOrderMark = "\ufeff" // some editors put it in front of a file

// checkConfig finds what this version refuses in the configuration, or reads otherwise than 0.5.1.
func (u *inspection) checkConfig() {
	if u.conf == nil {
		return
	}
	refused := map[string]bool{} // places with a mistake
	for _, err := range u.conf.mistakes {
		m, ok := errors.AsType[*config.Mistake](err)
		if !ok {
			m = &config.Mistake{Origin: u.conf.path, Err: err}
		}
		if m.Origin == config.OriginDefault {
			m.Origin = u.conf.path
		}
		refused[m.Origin] = true
		u.report.add(u.mistaken(m))
	}
	if u.report.Data.Kind == Current {
		return
	}
	for i, line := range bytes.Split(u.conf.content, []byte("\n")) {
		place := fmt.Sprintf("%s:%d", u.conf.path, i+1)
		if f, differs := readDifferently(u.conf.Config, line); differs && !refused[place] {
			f.Place = place
			u.report.add(f)
		}
	}
}

// mistaken turns a mistake into a finding that says what to write instead.
func (u *inspection) mistaken(m *config.Mistake) Finding {
	f := Finding{Level: Change, Place: m.Origin, Text: m.Err.Error()}
	name := u.nameAt(m.Origin)
	s, exact := u.conf.Find(name)
	switch {
	case name == "":
	case s == nil:
		f.Write = "remove the line, which 0.5.1 ignores, or correct the name"
	case exact:
		f.Option, f.Write = s.Name, remedy(s.Name)
		if errors.Is(m, config.ErrTwice) {
			f.Write = "one of the lines; 0.5.1 takes the last"
		}
	}
	return f
}

// remedy says what to do about a mistake that needs more than another value.
func remedy(option string) string {
	return map[string]string{
		"Pass":                  "Pass and a longer password; clients need it at the same moment",
		"GossipDataSyncAuthKey": "GossipDataSyncAuthKey and a longer secret, the same on all nodes of the gossip group",
		"Open_Https":            "Https_CertFile and Https_KeyFile; where they are not named 0.5.1 takes /www/server.crt and /www/server.key",
	}[option]
}

func (u *inspection) nameAt(place string) string {
	at := u.line(place)
	lines := strings.Split(strings.TrimPrefix(string(u.conf.content), byteOrderMark), "\n")
	if at < 1 || at > len(lines) {
		return ""
	}
	name, _, _ := config.ParseLine([]byte(lines[at-1]))
	return name
}

// readDifferently compares how 0.5.1 reads a line, split at each single space with the value behind
// the first, with how it is read now. The finding has no place and quotes no value.
func readDifferently(c *config.Config, line []byte) (f Finding, differs bool) {
	line, marked := bytes.CutPrefix(line, []byte(byteOrderMark))
	name, value, err := config.ParseLine(line)
	s, exact := c.Find(name)
	if err != nil || !exact || value == "" {
		return f, false
	}
	f = Finding{Level: Change, Option: name}
	parts := strings.Split(strings.TrimRight(string(line), "\r"), " ")
	switch {
	case marked:
		f.Text = name + ": 0.5.1 did not know this line for the byte order mark in front of it, which does not show; now it counts"
		f.Write = "the file without the mark, or remove the line"
	case parts[0] != name:
		f.Text = name + ": 0.5.1 did not know this line for the white space in front of or behind the name; now it counts"
		f.Write = "the line without it, with one space behind the name, or remove the line"
	case len(parts) < 2 || parts[1] == "":
		f.Text = name + ": 0.5.1 took this for an empty value, since more than one space is in front of it; now it counts"
		f.Write = "the line with one space, or remove the line"
	case parts[1] != value:
		f.Text = name + ": 0.5.1 ended the value at the first space; now the rest of the line belongs to it"
		f.Write = "the line up to the end of the first word of the value; a comment needs a line of its own"
	case len(value) < shortestRead(name) && value != s.Default:
		f.Text = fmt.Sprintf("%s: 0.5.1 ignored values of fewer than %d characters; now this one counts", name, shortestRead(name))
		f.Write = "what is wanted, or remove the line"
	default:
		return f, false
	}
	return f, true
}

// shortestRead returns how long a value must be for 0.5.1 not to ignore it.
func shortestRead(name string) int {
	switch name {
	case "Host", "ResponseHost", "Logfile", "DBfile":
		return 4
	case "Tcpport", "Httpport", "Pass", "Tonken_expire_time", "Tonken_jwt_secret":
		return 2
	}
	return 1
}
