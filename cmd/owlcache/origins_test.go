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
	"owlcache/cmd/owlcache/internal/e2e"
)

// importingNode is a process that imports.
func importingNode(t *testing.T, settings ...string) *groupNode {
	t.Helper()
	addr := freeAddresses(t, 1)[0]
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n := &groupNode{t: t, addr: addr, dir: filepath.Join(t.TempDir(), "data"), log: &e2e.Buffer{}}
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
	got, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/data/?cmd=get&key="+url.QueryEscape(key), nil)
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
		status, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/data/?cmd=get&key="+url.QueryEscape("of-memcached"), nil)
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

	_, metrics, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/metrics", nil)
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
