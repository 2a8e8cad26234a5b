package main

import (
	"errors"
	"fmt"
	"strings"

	"owlcache/api/readthrough"
)

// checkImport finds what the import of missing keys lacks, where it is on.
func (c *config) checkImport() []error {
	var errs []error
	for _, need := range [][3]string{
		{"Get_data_from_memcache", "Memcache_list", "the servers, HOST:PORT separated by |"},
		{"Get_data_from_redis", "Redis_Addr", "the server, HOST:PORT"},
	} {
		if given := c.get(need[1]); c.on(need[0]) && given.value == "" && !given.failed {
			errs = append(errs, mistakef(c.get(need[0]).origin, "%s 1: it needs %s, %s", need[0], need[1], need[2]))
		}
	}
	return errs
}

// importWarnings says what data sync does with values that come from elsewhere.
func (c *config) importWarnings() []string {
	if !c.on("GroupDataSync") {
		return nil
	}
	var list []string
	for _, name := range []string{"Get_data_from_memcache", "Get_data_from_redis", "Open_Urlcache"} {
		if c.on(name) {
			list = append(list, fmt.Sprintf("%s: %s 1 with GroupDataSync 1: what comes from there is a write of that moment, goes to all nodes and takes the place of an older write that has not arrived here yet: keep such keys apart from those that clients write",
				c.get(name).origin, name))
		}
	}
	return list
}

// originOptions returns what the configuration says about the import of missing keys.
func (c *config) originOptions() readthrough.Options {
	o := readthrough.Options{MaxValueSize: int(c.int("MaxValueSize"))}
	if c.on("Get_data_from_memcache") {
		o.Memcached = readthrough.MemcachedOptions{
			Servers: splitServers(c.text("Memcache_list")),
			SourceOptions: readthrough.SourceOptions{
				Lifetime:    c.duration("Get_memcache_data_set_expire_time"),
				MaxFailures: int(c.int("MemcacheClient_Request_Max_Error_Number")),
				Pause:       c.duration("MemcacheClient_Request_Timeout_Sleeptime"),
			},
		}
	}
	if c.on("Get_data_from_redis") {
		o.Redis = readthrough.RedisOptions{
			Addr:     c.text("Redis_Addr"),
			Password: c.text("Redis_Password"),
			DB:       int(c.int("Redis_DB")),
			SourceOptions: readthrough.SourceOptions{
				Lifetime:    c.duration("Get_redis_data_set_expire_time"),
				MaxFailures: int(c.int("RedisClient_Request_Max_Error_Number")),
				Pause:       c.duration("RedisClient_Request_Timeout_Sleeptime"),
			},
		}
	}
	return o
}

// checkServer accepts HOST:PORT.
func checkServer(s string) error {
	if _, port, err := splitHostPort(s); err != nil || port == 0 {
		return errors.New("want HOST:PORT, like 10.0.0.7:6379, with an IPv6 address in brackets")
	}
	return nil
}

// checkServers accepts what splitServers splits into HOST:PORT.
func checkServers(s string) error {
	for _, server := range splitServers(s) {
		if checkServer(server) != nil {
			return errors.New("want HOST:PORT separated by |, like 10.0.0.5:11211|10.0.0.6:11211, with IPv6 addresses in brackets")
		}
	}
	return nil
}

func splitServers(s string) []string {
	list := strings.Split(s, "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
