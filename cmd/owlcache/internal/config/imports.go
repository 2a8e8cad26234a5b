package config

import "owlcache/api/readthrough"

// Import is where missing keys are asked for.
type Import struct {
	Memcached struct {
		On bool
		readthrough.MemcachedOptions
	}
	Redis struct {
		On bool
		readthrough.RedisOptions
	}
}

func (i *Import) options() []Option {
	m, r := &i.Memcached, &i.Redis
	return []Option{
		{Name: "Get_data_from_memcache", Default: "0", kind: toggle(&m.On), Help: "1 asks memcached for missing keys"},
		{Name: "Memcache_list", kind: list(&m.Servers, splitBars, checkServers), Help: "memcached servers, host:port separated by |"},
		{Name: "Get_memcache_data_set_expire_time", Default: "0", kind: span(&m.Lifetime, "s", 0, maxSeconds), Help: "life of keys that come from memcached; 0 = no expiry"},
		{Name: "MemcacheClient_Request_Timeout_Sleeptime", Default: "2", kind: span(&m.Pause, "s", 1, 86400), Help: "pause after failures"},
		{Name: "MemcacheClient_Request_Max_Error_Number", Default: "2", kind: number(&m.MaxFailures, 1, 1_000_000), Help: "failures before the pause"},
		{Name: "Get_data_from_redis", Default: "0", kind: toggle(&r.On), Help: "1 asks Redis for missing keys"},
		{Name: "Redis_Addr", kind: checked(&r.Addr, checkServer), Help: "Redis server, host:port"},
		{Name: "Redis_Password", kind: text(&r.Password), Secret: true, Help: "password of the Redis server"},
		{Name: "Redis_DB", Default: "0", kind: number(&r.DB, 0, 1_000_000), Help: "number of the Redis database"},
		{Name: "Get_redis_data_set_expire_time", Default: "0", kind: span(&r.Lifetime, "s", 0, maxSeconds), Help: "life of keys that come from Redis; 0 = no expiry"},
		{Name: "RedisClient_Request_Timeout_Sleeptime", Default: "2", kind: span(&r.Pause, "s", 1, 86400), Help: "pause after failures"},
		{Name: "RedisClient_Request_Max_Error_Number", Default: "2", kind: number(&r.MaxFailures, 1, 1_000_000), Help: "failures before the pause"},
	}
}
