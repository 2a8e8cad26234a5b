package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"owlcache/api/readthrough/readthroughtest"
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
		_, errs := resolveConfig(options(), parseConfigFile("f", []byte(tt.file)))
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
		c, errs := resolveConfig(options(), parseConfigFile("f", []byte(file)))
		if got := strings.Count(strings.Join(c.warnings(), "\n"), "with GroupDataSync 1"); len(errs) > 0 || got != want {
			t.Errorf("%q: %v, %d warnings", file, errs, got)
		}
	}
}

func TestImportSettings(t *testing.T) {
	file := "MaxValueSize 1MiB\nGet_data_from_memcache 1\nMemcache_list a:1 | b:2\nGet_memcache_data_set_expire_time 60\n" +
		"MemcacheClient_Request_Timeout_Sleeptime 7\nMemcacheClient_Request_Max_Error_Number 8\nGet_data_from_redis 1\nRedis_Addr c:3\n" +
		"Redis_Password hush\nRedis_DB 4\nGet_redis_data_set_expire_time 61\nRedisClient_Request_Timeout_Sleeptime 9\nRedisClient_Request_Max_Error_Number 10"
	c, errs := resolveConfig(options(), parseConfigFile("f", []byte(file)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	const want = "{Memcached:{Servers:[a:1 b:2] SourceOptions:{Lifetime:1m0s MaxFailures:8 Pause:7s}} " +
		"Redis:{Addr:c:3 Password:hush DB:4 SourceOptions:{Lifetime:1m1s MaxFailures:10 Pause:9s}} Timeout:0s Concurrency:0 MaxValueSize:1048576 Logger:<nil>}"
	if got := fmt.Sprintf("%+v", c.originOptions()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// importingNode is a process that imports.
func importingNode(t *testing.T, settings ...string) *groupNode {
	t.Helper()
	addr := freeAddresses(t, 1)[0]
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n := &groupNode{t: t, addr: addr, dir: filepath.Join(t.TempDir(), "data"), log: &safeBuilder{}}
	n.args = []string{"serve", "--dir", n.dir, "--port", port, "--set", "CloseTcp=0"}
	for _, s := range settings {
		n.args = append(n.args, "--set", s)
	}
	n.start()
	t.Cleanup(n.stop)
	n.waitReady()
	return n
}

// wantValue gets a key over HTTP.
func wantValue(n *groupNode, key string, status int, value string) {
	n.t.Helper()
	got, body, err := request(http.MethodGet, "http://"+n.addr+"/data/?cmd=get&key="+url.QueryEscape(key), nil)
	if err != nil || got != status || string(body) != value {
		n.t.Errorf("get %s: %d, %q, %v, want %d, %q", key, got, body, err, status, value)
	}
}

// Keys come from memcached and Redis, which may be down when the node starts, and stay when
// they and the node have been killed.
func TestImportEndToEnd(t *testing.T) {
	const secret = "a-very-secret-word"
	memcached, redis := readthroughtest.Memcached(t), readthroughtest.Redis(t, "--requirepass", secret)
	redis.Do([]string{"AUTH", secret}, []string{"SELECT", "2"}, []string{"SET", "of redis", "r"}, []string{"SET", "third", "by websocket"})
	memcached.Kill()
	n := importingNode(t,
		"Get_data_from_memcache=1", "Memcache_list="+memcached.Addr, "MemcacheClient_Request_Timeout_Sleeptime=1",
		"Get_data_from_redis=1", "Redis_Addr="+redis.Addr, "Redis_Password="+secret, "Redis_DB=2", "Get_redis_data_set_expire_time=3600")
	wantValue(n, "of redis", http.StatusOK, "r")
	wantValue(n, "of-memcached", http.StatusNotFound, "")

	memcached.Start()
	memcached.SetMemcached("of-memcached", "m")
	n.eventually("ask memcached again", func() error {
		status, body, err := request(http.MethodGet, "http://"+n.addr+"/data/?cmd=get&key="+url.QueryEscape("of-memcached"), nil)
		if err == nil && (status != http.StatusOK || string(body) != "m") {
			err = fmt.Errorf("%d %s", status, body)
		}
		return err
	})
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+n.addr+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.WriteMessage(websocket.TextMessage, []byte("get third")); err != nil {
		t.Error(err)
	}
	if _, got, err := ws.ReadMessage(); err != nil || string(got) != "by websocket" {
		t.Errorf("over a WebSocket: %q, %v", got, err)
	}
	if err := ws.Close(); err != nil {
		t.Error(err)
	}

	_, metrics, err := request(http.MethodGet, "http://"+n.addr+"/metrics", nil)
	for _, line := range []string{
		fmt.Sprintf(`owlcache_origin_requests_total{result="hit",server=%q,source="memcached"} 1`, memcached.Addr),
		fmt.Sprintf(`owlcache_origin_requests_total{result="hit",server=%q,source="redis"} 2`, redis.Addr),
	} {
		if err != nil || !strings.Contains(string(metrics), "\n"+line+"\n") {
			t.Errorf("no %s in the metrics, %v", line, err)
		}
	}
	if strings.Contains(n.log.String()+string(metrics), secret) {
		t.Error("the password is in the log or the metrics")
	}

	memcached.Kill()
	redis.Kill()
	n.kill()
	n.restart()
	wantValue(n, "of redis", http.StatusOK, "r")
	wantValue(n, "of-memcached", http.StatusOK, "m")
	wantValue(n, "third", http.StatusOK, "by websocket")
	wantValue(n, "none", http.StatusNotFound, "")
}
