package config

import (
	"strings"
	"testing"
)

func TestImportIsChecked(t *testing.T) {
	for _, tt := range []struct {
		file string
		want []string // parts of the errors, in their order
	}{
		{"Get_data_from_memcache 1\nMemcache_list 10.0.0.5:11211|[::1]:11212 | cache.example:11211\nGet_data_from_redis 1\nRedis_Addr 10.0.0.7:6379", nil},
		{"Memcache_list 10.0.0.5:11211\nRedis_Addr redis:6379", nil},
		{"Get_data_from_memcache 1\nGet_data_from_redis 1", []string{
			"f:1: Get_data_from_memcache 1: it needs Memcache_list", "f:2: Get_data_from_redis 1: it needs Redis_Addr",
		}},
		{"Get_data_from_redis 1\nRedis_Addr 10.0.0.7\nRedis_Password hush-hush\nRedis_DB -1", []string{
			"f:2: Redis_Addr 10.0.0.7: want HOST:PORT", "f:4: Redis_DB -1: want a whole number",
		}},
		{"Get_data_from_memcache 1\nMemcache_list a", []string{"f:2: Memcache_list a: want HOST:PORT separated by |"}},
		{"Memcache_list a:1|", []string{"f:1: Memcache_list a:1|: want HOST:PORT separated by |"}},
		{"Memcache_list a:1,b:2", []string{"want HOST:PORT separated by |"}},
		{"Memcache_list a:0", []string{"want HOST:PORT separated by |"}},
		{"Redis_Addr :6379", []string{"want HOST:PORT"}},
		{"Redis_Addr ::1:6379", []string{"in brackets"}},
	} {
		_, errs := Parse("f", []byte(tt.file))
		if len(errs) != len(tt.want) {
			t.Errorf("%q: %q", tt.file, errs)
			continue
		}
		for i, err := range errs {
			if !strings.Contains(err.Error(), tt.want[i]) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%q: %v, want %s", tt.file, err, tt.want[i])
			}
		}
	}
}

// With data sync, what is imported is written on all nodes: who switches both on is told.
func TestImportWithDataSync(t *testing.T) {
	const sync = "GroupDataSync 1\nGossipport 7723\nGossipDataSyncAuthKey 0123456789abcdef0123456789abcdef\n"
	const sources = "Get_data_from_memcache 1\nMemcache_list a:1\nGet_data_from_redis 1\nRedis_Addr b:2\nOpen_Urlcache 1\n"
	for file, want := range map[string]int{sync + sources: 3, sources: 0, sync: 0} {
		c, errs := Parse("f", []byte(file))
		if got := strings.Count(strings.Join(c.Warnings(), "\n"), "with GroupDataSync 1"); len(errs) > 0 || got != want {
			t.Errorf("%q: %v, %d warnings", file, errs, got)
		}
	}
}
