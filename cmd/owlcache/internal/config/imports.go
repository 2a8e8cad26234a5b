package config

import (
	"errors"
	"fmt"
	"strings"
)

// checkImport finds what the import of missing keys lacks, where it is on.
func (c *Config) checkImport() []error {
	var errs []error
	for _, need := range [][3]string{
		{"Get_data_from_memcache", "Memcache_list", "the servers, HOST:PORT separated by |"},
		{"Get_data_from_redis", "Redis_Addr", "the server, HOST:PORT"},
	} {
		if given := c.Get(need[1]); c.On(need[0]) && given.Value == "" && !given.failed {
			errs = append(errs, mistakef(c.Get(need[0]).Origin, "%s 1: it needs %s, %s", need[0], need[1], need[2]))
		}
	}
	return errs
}

// importWarnings says what data sync does with values that come from elsewhere.
func (c *Config) importWarnings() []string {
	if !c.On("GroupDataSync") {
		return nil
	}
	var list []string
	for _, name := range []string{"Get_data_from_memcache", "Get_data_from_redis", "Open_Urlcache"} {
		if c.On(name) {
			list = append(list, fmt.Sprintf("%s: %s 1 with GroupDataSync 1: what comes from there is a write of that moment, goes to all nodes and takes the place of an older write that has not arrived here yet: keep such keys apart from those that clients write",
				c.Get(name).Origin, name))
		}
	}
	return list
}

// checkServer accepts HOST:PORT.
func checkServer(s string) error {
	if _, port, err := splitHostPort(s); err != nil || port == 0 {
		return errors.New("want HOST:PORT, like 10.0.0.7:6379, with an IPv6 address in brackets")
	}
	return nil
}

// checkServers accepts what SplitServers splits into HOST:PORT.
func checkServers(s string) error {
	for _, server := range SplitServers(s) {
		if checkServer(server) != nil {
			return errors.New("want HOST:PORT separated by |, like 10.0.0.5:11211|10.0.0.6:11211, with IPv6 addresses in brackets")
		}
	}
	return nil
}

func SplitServers(s string) []string {
	list := strings.Split(s, "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
