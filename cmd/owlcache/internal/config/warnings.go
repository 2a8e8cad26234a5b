package config

import (
	"fmt"
	"slices"
)

// Warnings says what is allowed and still unwise.
func (c *Config) Warnings() []string {
	var list []string
	if c.Access.ShortTokenSecret() {
		list = append(list, fmt.Sprintf("%s: Tonken_jwt_secret has fewer than %d bytes: it is mixed with the secret of the data directory and does not work on another node by itself", c.Setting(&c.Access.TokenSecret).Origin, MinTokenSecret))
	}
	for _, secret := range []struct {
		field *string
		what  string
	}{{&c.Access.Password, "password"}, {&c.Sync.Key, "secret"}} {
		if s := c.Setting(secret.field); s.Source == Flag {
			list = append(list, fmt.Sprintf("%s: every user of this machine can read the %s in the list of processes: use %s_File or the configuration file", s.Origin, secret.what, s.Name))
		}
	}
	if s := c.Setting(&c.Storage.WALSync); s.Text != s.Default {
		list = append(list, fmt.Sprintf("%s: WAL_Sync %s: a crash of the machine can lose the last acknowledged writes", s.Origin, s.Text))
	}
	return slices.Concat(list, c.urlCacheWarnings(), c.importWarnings())
}
