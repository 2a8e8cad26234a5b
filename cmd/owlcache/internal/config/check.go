package config

import (
	"fmt"
	"path/filepath"
)

// checker gathers what is wrong with the values that count, taken together.
type checker struct {
	*Config
	errs []error
}

func (c *Config) check() []error {
	k := &checker{Config: c}
	k.checkFilesOfSecrets()
	if c.Group.MinReconnect > c.Group.MaxReconnect {
		k.tooLarge(&c.Group.MinReconnect, &c.Group.MaxReconnect)
	}
	if int64(c.Storage.MaxValueSize) > c.Limits.BodyMemory {
		k.tooLarge(&c.Storage.MaxValueSize, &c.Limits.BodyMemory)
	}
	k.checkNeeds()
	if c.Sync.On {
		k.checkSyncKeys()
	}
	if name := c.URLCache.File; !filepath.IsAbs(name) && !filepath.IsLocal(name) {
		k.mistakef(&c.URLCache.File, "Urlcache_Filename %s: want the name of a file in the data directory, or an absolute path", c.Setting(&c.URLCache.File).Shown())
	}
	return k.errs
}

// mistakef adds what is wrong with the value of a field.
func (k *checker) mistakef(field any, format string, args ...any) {
	k.errs = append(k.errs, mistakef(k.Setting(field).Origin, format, args...))
}

func (k *checker) tooLarge(low, high any) {
	l, h := k.Setting(low), k.Setting(high)
	k.mistakef(low, "%s %s: want at most %s, which is %s", l.Name, l.Text, h.Name, h.Text)
}

// checkFilesOfSecrets finds secrets that are given themselves and as a file.
func (k *checker) checkFilesOfSecrets() {
	for _, pair := range [][2]*string{{&k.Access.Password, &k.Access.PasswordFile}, {&k.Sync.Key, &k.Sync.KeyFile}} {
		if secret, file := k.Setting(pair[0]), k.Setting(pair[1]); secret.Text != "" && file.Text != "" {
			k.mistakef(pair[1], "%s: %s is given too, at %s: only one of them can count", file.Name, secret.Name, secret.Origin)
		}
	}
}

// checkNeeds finds options that are missing where another one is on.
func (k *checker) checkNeeds() {
	h, m, r, s := &k.HTTPS, &k.Import.Memcached, &k.Import.Redis, &k.Sync
	for _, need := range []struct {
		on     *bool
		met    bool
		option any
		what   string
	}{
		{&h.On, h.CertFile != "", &h.CertFile, "a PEM file"},
		{&h.On, h.KeyFile != "", &h.KeyFile, "a PEM file"},
		{&s.On, s.Key != "" || s.KeyFile != "", &s.Key, fmt.Sprintf("a secret of at least %d characters that all nodes of the group share", minSyncKey)},
		{&m.On, k.Setting(&m.Servers).Given != "", &m.Servers, "the servers, HOST:PORT separated by |"},
		{&r.On, k.Setting(&r.Addr).Given != "", &r.Addr, "the server, HOST:PORT"},
	} {
		if *need.on && !need.met {
			k.mistakef(need.on, "%s 1: it needs %s, %s", k.Setting(need.on).Name, k.Setting(need.option).Name, need.what)
		}
	}
}

func (k *checker) checkSyncKeys() {
	if err := checkSyncKey(k.Sync.Key); k.Sync.Key != "" && err != nil {
		k.mistakef(&k.Sync.Key, "GossipDataSyncAuthKey: %w", err)
	}
	for _, accepted := range k.Sync.AcceptKeys {
		if err := checkSyncKey(accepted); err != nil {
			k.mistakef(&k.Sync.AcceptKeys, "Gossip_AcceptKeys: %w in each, separated by |", err)
			return
		}
	}
}

// Warnings says what is allowed and still unwise.
func (c *Config) Warnings() []string {
	var list []string
	warn := func(field any, format string, args ...any) {
		list = append(list, c.Setting(field).Origin+": "+fmt.Sprintf(format, args...))
	}
	if c.Access.ShortTokenSecret() {
		warn(&c.Access.TokenSecret, "Tonken_jwt_secret has fewer than %d bytes: it is mixed with the secret of the data directory and does not work on another node by itself", MinTokenSecret)
	}
	onFlag := func(field *string, what string) {
		if s := c.Setting(field); s.Source == Flag {
			warn(field, "every user of this machine can read the %s in the list of processes: use %s_File or the configuration file", what, s.Name)
		}
	}
	onFlag(&c.Access.Password, "password")
	onFlag(&c.Sync.Key, "secret")
	if s := c.Setting(&c.Storage.WALSync); s.Text != s.Default {
		warn(&c.Storage.WALSync, "WAL_Sync %s: a crash of the machine can lose the last acknowledged writes", s.Text)
	}
	if c.URLCache.Easy && !c.URLCache.On {
		warn(&c.URLCache.Easy, "Urlcache_Request_Easy 1: without Open_Urlcache 1 it has no effect")
	}
	for _, on := range []*bool{&c.Import.Memcached.On, &c.Import.Redis.On, &c.URLCache.On} {
		if *on && c.Sync.On {
			warn(on, "%s 1 with GroupDataSync 1: what comes from there is a write of that moment, goes to all nodes and takes the place of an older write that has not arrived here yet: keep such keys apart from those that clients write", c.Setting(on).Name)
		}
	}
	return list
}
