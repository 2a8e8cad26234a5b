package upgrade

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// checkDifferences notes what this version does otherwise with this configuration and data.
func (u *inspection) checkDifferences() {
	if u.conf != nil {
		u.hostDifferences()
		u.directoryDifferences()
		u.secretDifferences()
		u.serverDifferences()
		u.syncDifferences()
		u.noEffect()
	}
	u.groupDifferences()
	u.clientDifferences()
}

// hostDifferences are those of Host. Without it only this machine reaches the node.
func (u *inspection) hostDifferences() {
	c := u.conf
	switch {
	case !c.given(&c.Listen.Host):
		u.about(Change, &c.Listen.Host, "Host is not given: 0.5.1 listens on all addresses then, this version on 127.0.0.1 only, which no other machine reaches",
			"Host 0.0.0.0 (as before) or Host 127.0.0.1 (this machine only)")
	case config.IsLoopback(c.Listen.Host):
		u.about(Note, &c.Listen.Host, "on a loopback address requests are refused (421) whose Host header is neither localhost nor an IP address nor ResponseHost: a proxy in front may pass on its own name",
			"Allowed_Hosts and the names that are served")
	case !c.HTTPS.On:
		u.about(Note, &c.Listen.Host, "passwords, tokens and data are readable on the way to other machines; each start warns of it", "Open_Https 1, or put a TLS proxy in front")
	}
}

func (u *inspection) directoryDifferences() {
	c := u.conf
	switch {
	case c.given(&c.Storage.Dir) && !strings.HasSuffix(c.Setting(&c.Storage.Dir).Text, "/"):
		u.about(Note, &c.Storage.Dir, "without / at the end 0.5.1 saved its data there and did not read it when it started; this version reads it", "")
	case !c.given(&c.Storage.Dir) && u.report.Data.Kind == Legacy:
		u.about(Change, &c.Storage.Dir, "DBfile is not given: 0.5.1 keeps its data in the directory that it is started in, this version in ./data/ below it",
			"DBfile ./data/, and move "+filepath.Join(c.home, "owlcache.db")+", auth.db, sites.xml and server_group*.json there")
	}
	var relative []string
	for _, path := range []*string{&c.Storage.Dir, &c.Logs.File, &c.HTTPS.CertFile, &c.HTTPS.KeyFile, &c.HTTPS.ClientCAFile} {
		if *path != "" && !filepath.IsAbs(*path) {
			relative = append(relative, c.Setting(path).Name)
		}
	}
	if len(relative) > 0 {
		u.say("%s: a relative path counts from the directory that the node is started in, as with 0.5.1; -config, which 0.5.1 ignored, now names the file that is read", strings.Join(relative, ", "))
	}
	if c.Logs.File != "" {
		u.about(Note, &c.Logs.File, "0.5.1 makes a directory for each day in it; now owl_run.log and the others lie in it themselves and are rotated by size, see \"Logs\" in docs/operations.md", "")
	}
	if !c.given(&c.Storage.WALSync) {
		u.about(Note, &c.Storage.WALSync, "each write is on the disk before its answer, where 0.5.1 could lose what came since its last save (Task_DataBackup); clients wait for the disk",
			"WAL_Sync everysec, if a crash of the machine may cost a second of writes")
	}
}

func (u *inspection) secretDifferences() {
	c := u.conf
	if !c.given(&c.Access.Password) && !c.given(&c.Access.PasswordFile) {
		u.about(Note, &c.Access.Password, "Pass is not given: a strong password is made at the first start, printed once and kept in secret.json in the data directory",
			"Pass_File and a file with the password that -pass gives to 0.5.1; -pass works too, and every user of the machine can read it there")
	}
	switch s := c.Access.TokenSecret; {
	case s == "" || s == config.WellKnownSecret:
		u.about(Note, &c.Access.TokenSecret, "everybody knows the default secret: a random one is made and kept in secret.json in the data directory", "")
	case c.Access.ShortTokenSecret():
		u.about(Note, &c.Access.TokenSecret, fmt.Sprintf("it has fewer than %d bytes: it is mixed with a random one of the data directory, and does not work on another node by itself", config.MinTokenSecret), "")
	}
}

// serverDifferences are those of TCP, WebSocket and HTTPS.
func (u *inspection) serverDifferences() {
	c := u.conf
	if c.Listen.TCP && !c.Listen.TCPOpenWrites && !config.IsLoopback(c.Listen.Host) {
		u.about(Note, &c.Listen.TCP, "TCP is on: clients on other machines may write only after the line \"pass PASSWORD\", those on this machine as before",
			"Tcp_OpenWrites 1, if all who reach the port may write")
	}
	switch {
	case !c.given(&c.Group.ServeWebSocket):
		u.about(Note, &c.Group.ServeWebSocket, "Open_Websocket_Server is not given: /ws is on now, and was off in 0.5.1", "Open_Websocket_Server 0, to keep it off")
	case c.Group.ServeWebSocket:
		u.about(Note, &c.Group.ServeWebSocket, "web pages may open /ws only from the host that they come from; 0.5.1 let all of them", "Allowed_Hosts and their host names, or Cors 1")
	}
	if c.HTTPS.On && len(u.members("owlcache")) > 0 && !c.given(&c.Group.HTTPS) {
		u.about(Change, &c.HTTPS.On, "the members of the group are asked over HTTP, also where this node speaks HTTPS", "Group_Https 1 if the members speak HTTPS, Group_Https 0 if not")
	}
}

func (u *inspection) syncDifferences() {
	c := u.conf
	if !c.Sync.On {
		if n := len(u.members("gossip")); n > 0 {
			u.about(Note, &c.Sync.On, fmt.Sprintf("data sync is off; the %s of the gossip group stay in their file", term.Count(int64(n), "member")), "")
		}
		return
	}
	u.about(Note, &c.Sync.On, "data sync does not work between this version and 0.5.1: stop all nodes of the gossip group, then start all of them with this version, which merges what they hold",
		"the plan: \"Gossip groups\" in docs/upgrading.md")
	if c.Sync.Port == 0 {
		u.about(Note, &c.Sync.Port, "Gossipport is 0: a free port is taken at each start, which other nodes do not know", "Gossipport and a fixed port, the one in the gossip lists of the other nodes")
	}
	if warning := c.SyncWarning(net.ParseIP(c.Listen.Host)); warning != "" {
		u.about(Note, &c.Listen.ResponseHost, warning, "")
	}
}

func (u *inspection) groupDifferences() {
	if len(u.members("owlcache")) == 0 {
		return
	}
	u.say("the group works with members of 0.5.1, so its nodes can be upgraded one after the other; values are ordered by their full time, not by whole seconds")
	if c := u.conf; c != nil && c.Group.Mode == "Websocket" {
		u.about(Note, &c.Group.Mode, "Address in the group's info is the member's address as the list has it, where 0.5.1 gives its TCP address", "")
	}
}

// noEffect names the options that are given a value and do nothing any more.
func (u *inspection) noEffect() {
	for _, s := range u.conf.Settings() {
		if s.Obsolete && s.Text != s.Default {
			u.report.add(Finding{Note, cmp.Or(s.Given, u.conf.path), s.Name, s.Name + " has no effect any more", "nothing, or leave it"})
		}
	}
}

// clientDifferences are those that a client may notice, whatever the configuration says.
func (u *inspection) clientDifferences() {
	u.say("clients: tokens of 0.5.1 do not hold: each client logs in once more (cmd=pass); scripts that carry a token need a new one")
	u.say("clients: /server/ answers with the HTTP status that its body names, like 401 without a token; 0.5.1 always says 200")
	u.say("clients: expire leaves KeyCreateTime as it is; the header Keycreatetime has no m=+… at its end")
	u.say("clients: the Content-Type of get is application/octet-stream, where 0.5.1 guessed one (text/html, image/png): browsers save pages and images that are taken straight from /data/; the URL cache keeps the type of the origin")
	u.say("clients: values that come over TCP are kept as they are, where 0.5.1 cut white space at both ends")
	u.say("clients: a negative exptime, one that is no number, and an empty key are refused (500 ERROR), and so are keys over %s and values over %s", config.FormatSize(engine.MaxKeySize), config.FormatSize(engine.MaxValueSize))
}
