package node

import (
	"fmt"
	"testing"

	"owlcache/cmd/owlcache/internal/config"
)

func TestImportSettings(t *testing.T) {
	file := "MaxValueSize 1MiB\nGet_data_from_memcache 1\nMemcache_list a:1 | b:2\nGet_memcache_data_set_expire_time 60\n" +
		"MemcacheClient_Request_Timeout_Sleeptime 7\nMemcacheClient_Request_Max_Error_Number 8\nGet_data_from_redis 1\nRedis_Addr c:3\n" +
		"Redis_Password hush\nRedis_DB 4\nGet_redis_data_set_expire_time 61\nRedisClient_Request_Timeout_Sleeptime 9\nRedisClient_Request_Max_Error_Number 10"
	c, errs := config.Parse("f", []byte(file))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	const want = "{Memcached:{Servers:[a:1 b:2] SourceOptions:{Lifetime:1m0s MaxFailures:8 Pause:7s}} " +
		"Redis:{Addr:c:3 Password:hush DB:4 SourceOptions:{Lifetime:1m1s MaxFailures:10 Pause:9s}} Timeout:0s Concurrency:0 MaxValueSize:1048576 Logger:<nil>}"
	if got := fmt.Sprintf("%+v", importOptions(c)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
