package main

import (
	"strings"

	"owlcache/engine"
)

// The longest times that are accepted. Both are far beyond any use and keep
// arithmetic on durations away from overflow.
const (
	maxMinutes = 525600     // a year
	maxSeconds = 3153600000 // a hundred years
)

// options returns the table of all options in the order of the documentation.
// It is the one place that knows their names and defaults.
func options() []option {
	var all []option
	for _, group := range [][]option{
		listenOptions(), accessOptions(), storageOptions(), limitOptions(), logOptions(), taskOptions(),
		httpsOptions(), groupOptions(), syncOptions(), originOptions(),
	} {
		all = append(all, group...)
	}
	return all
}

func listenOptions() []option {
	return []option{
		{name: "Host", def: "127.0.0.1", kind: host, help: "address that the server listens on"},
		{name: "ResponseHost", def: "127.0.0.1", kind: host, help: "host that answers name in ResponseHost"},
		{name: "Httpport", def: "7721", kind: number, max: 65535, help: "HTTP port; 0 takes a free one"},
		{name: "Tcpport", def: "7720", kind: number, max: 65535, help: "TCP port; 0 takes a free one"},
		{name: "CloseTcp", def: "1", kind: toggle, help: "1 switches the TCP server on, 0 off"},
		{name: "Tcp_OpenWrites", def: "0", kind: toggle, help: "1 takes writes over TCP without a password from everywhere, 0 from a loopback address only"},
		{name: "Allowed_Hosts", kind: hosts, help: "further Host names that are served on a loopback address, and to web pages that open WebSockets; * = any"},
	}
}

func accessOptions() []option {
	return []option{
		{name: "Pass", kind: passphrase, secret: true, help: "password of the pass command; empty = made at the first start"},
		{name: "Pass_File", help: "file that holds the password"},
		{name: "Tonken_expire_time", def: "0", kind: number, unit: "s", max: maxSeconds, help: "life of a token; 0 = no expiry"},
		{name: "Tonken_jwt_secret", secret: true, help: "secret that signs tokens; empty = made at the first start"},
	}
}

func storageOptions() []option {
	return []option{
		{name: "DBfile", def: "./data/", help: "data directory"},
		{name: "WAL_Sync", def: "always", kind: choice, choices: []string{"always", "everysec", "no"}, help: "when the log is made durable"},
		{name: "WAL_SegmentSize", def: "64MiB", kind: size, min: 64 << 10, max: 1 << 30, help: "size of a log segment"},
		{name: "Checkpoint_LogSize", def: "64MiB", kind: size, min: 64 << 10, max: 1 << 40, help: "size of sealed log that causes a checkpoint"},
		{name: "MaxValueSize", def: "16MiB", kind: size, min: 1, max: engine.MaxValueSize, help: "largest value"},
		{name: "Tombstone_Grace", def: "3600", kind: number, unit: "s", min: 1, max: maxSeconds, help: "how long deleted keys are remembered for data sync"},
	}
}

func limitOptions() []option {
	return []option{
		{name: "Max_Connections", def: "10000", kind: number, min: 1, max: 10_000_000, help: "connections at once"},
		{name: "Max_Connections_PerIP", def: "2000", kind: number, max: 10_000_000, help: "connections at once from one address or IPv6 /64 network, loopback excepted; 0 = no limit"},
		{name: "Http_ReadTimeout", def: "30", kind: number, unit: "s", min: 1, max: 86400, help: "time to receive a whole request"},
		{name: "Http_WriteTimeout", def: "30", kind: number, unit: "s", min: 1, max: 86400, help: "time to send an answer"},
		{name: "Http_IdleTimeout", def: "120", kind: number, unit: "s", min: 1, max: 86400, help: "time that an idle connection is kept"},
		{name: "Tcp_IdleTimeout", def: "600", kind: number, unit: "s", min: 1, max: maxSeconds, help: "time that an idle TCP connection is kept"},
		{name: "Http_MaxHeaderSize", def: "32KiB", kind: size, min: 4 << 10, max: 1 << 20, help: "largest request line and headers"},
		{name: "Http_MaxBodyMemory", def: "256MiB", kind: size, min: 1 << 20, max: 1 << 40, help: "memory for large request bodies, all together"},
	}
}

func logOptions() []option {
	return []option{
		{name: "Logfile", help: "log file or directory; empty = standard error only"},
		{name: "Log_Level", def: "info", kind: choice, choices: []string{"debug", "info", "warn", "error"}, help: "least level that is logged"},
		{name: "AccessLog", def: "0", kind: toggle, help: "1 logs each request"},
	}
}

func taskOptions() []option {
	return []option{
		{name: "Task_DataBackup", def: "1", kind: number, unit: "min", max: maxMinutes, help: "time between checkpoints; 0 = by size only"},
		{name: "Task_DataAuthBackup", def: "1", kind: number, unit: "min", max: maxMinutes, help: "no effect, accepted for older files"},
		{name: "Task_ClearExpireData", def: "1", kind: number, unit: "min", min: 1, max: maxMinutes, help: "time between sweeps of expired keys"},
		{name: "Task_ServerListBackup", def: "1", kind: number, unit: "min", max: maxMinutes, help: "no effect, accepted for older files"},
		{name: "Task_ServerGossipListBackup", def: "1", kind: number, unit: "min", max: maxMinutes, help: "no effect, accepted for older files"},
		{name: "Task_MemoryInfoToLog", def: "1", kind: number, unit: "min", max: maxMinutes, help: "time between memory lines in the log; 0 = none"},
		{name: "Task_OutputSuccessLog", def: "0", kind: toggle, help: "1 logs background tasks that went well too"},
	}
}

func httpsOptions() []option {
	return []option{
		{name: "Open_Https", def: "0", kind: toggle, help: "1 lets the HTTP port speak HTTPS, and nothing else"},
		{name: "Https_CertFile", help: "PEM file of the certificate, followed by those of its issuers"},
		{name: "Https_KeyFile", help: "PEM file of its key"},
		{name: "HttpsClient_InsecureSkipVerify", def: "0", kind: toggle, help: "1 accepts any certificate of another node, or of an origin of the URL cache"},
		{name: "HttpsClient_CACertFile", help: "PEM file of certificates that those of other nodes, and of origins of the URL cache, are verified against, besides those of the system"},
		{name: "Cors", def: "0", kind: toggle, help: "1 lets web pages of other origins read answers and open WebSockets"},
		{name: "Access_Control_Allow_Origin", def: "*", kind: origins, help: "origins that Cors allows, like https://www.example.com; * = any"},
	}
}

func groupOptions() []option {
	return []option{
		{name: "Open_Websocket_Server", def: "1", kind: toggle, help: "1 serves WebSockets on /ws"},
		{name: "GroupData_Mode", def: "Http", kind: choice, choices: []string{"Http", "Websocket"}, help: "how the members of a group are asked"},
		{name: "Websocket_Client_WriteWait", def: "10", kind: number, unit: "s", min: 1, max: 86400, help: "time to send a message"},
		{name: "Websocket_Client_MaxMessageSize", def: "7000000", kind: size, min: 1024, max: 1 << 30, help: "largest message"},
		{name: "Websocket_Client_MinRecTime", def: "2", kind: number, unit: "s", min: 1, max: 86400, help: "least time before reconnecting"},
		{name: "Websocket_Client_MaxRecTime", def: "60", kind: number, unit: "s", min: 1, max: 86400, help: "greatest time before reconnecting"},
		{name: "Websocket_Client_MessageBufferSize", def: "1024", kind: number, min: 1, max: 1 << 20, help: "messages waiting to be sent"},
		{name: "HttpClientRequestTimeout", def: "2700", kind: number, unit: "ms", min: 1, max: 3600_000, help: "time for a member to answer"},
		{name: "HttpClientRequestLocalCacheLifeTime", def: "5000", kind: number, unit: "ms", max: 3600_000, help: "time that a member's answer is kept; 0 = not"},
		{name: "Group_CacheSize", def: "64MiB", kind: size, min: 1 << 20, max: 1 << 40, help: "memory for the answers of members that are kept"},
		{name: "Group_Https", def: "0", kind: toggle, help: "1 asks the members over HTTPS"},
	}
}

func syncOptions() []option {
	return []option{
		{name: "GroupDataSync", def: "0", kind: toggle, help: "1 lets all nodes of the gossip group hold the same data"},
		{name: "Gossipport", def: "0", kind: number, max: 65535, help: "gossip port, TCP and UDP; 0 takes a free one"},
		{name: "GossipDataSyncAuthKey", secret: true, help: "secret that the nodes of the gossip group share; data sync needs it"},
		{name: "GossipDataSyncAuthKey_File", help: "file that holds this secret"},
		{name: "Gossip_AcceptKeys", secret: true, help: "further secrets that are accepted from others, separated by |, while the secret is changed"},
		{name: "Gossip_BindAddr", kind: ipAddress, help: "IP address that data sync listens on; empty = that of Host"},
		{name: "Gossip_AdvertiseAddr", kind: hostPort, help: "HOST or HOST:PORT where other nodes find this one; empty = ResponseHost"},
		{name: "Gossip_Network", def: "LAN", kind: choice, choices: []string{"LAN", "WAN"}, help: "kind of network between the nodes, for the times of data sync"},
		{name: "Gossip_QueueSize", def: "64MiB", kind: size, min: 1 << 20, max: 1 << 40, help: "memory for changes that wait to be sent, for each node"},
		{name: "GossipHttpClientRequestTimeout", def: "5000", kind: number, unit: "ms", min: 1, max: 3600_000, help: "no effect, accepted for older files"},
	}
}

func originOptions() []option {
	return []option{
		{name: "Get_data_from_memcache", def: "0", kind: toggle, help: "1 asks memcached for missing keys"},
		{name: "Memcache_list", kind: serverList, help: "memcached servers, host:port separated by |"},
		{name: "Get_memcache_data_set_expire_time", def: "0", kind: number, unit: "s", max: maxSeconds, help: "life of keys that come from memcached; 0 = no expiry"},
		{name: "MemcacheClient_Request_Timeout_Sleeptime", def: "2", kind: number, unit: "s", min: 1, max: 86400, help: "pause after failures"},
		{name: "MemcacheClient_Request_Max_Error_Number", def: "2", kind: number, min: 1, max: 1_000_000, help: "failures before the pause"},
		{name: "Get_data_from_redis", def: "0", kind: toggle, help: "1 asks Redis for missing keys"},
		{name: "Redis_Addr", kind: serverAddress, help: "Redis server, host:port"},
		{name: "Redis_Password", secret: true, help: "password of the Redis server"},
		{name: "Redis_DB", def: "0", kind: number, max: 1_000_000, help: "number of the Redis database"},
		{name: "Get_redis_data_set_expire_time", def: "0", kind: number, unit: "s", max: maxSeconds, help: "life of keys that come from Redis; 0 = no expiry"},
		{name: "RedisClient_Request_Timeout_Sleeptime", def: "2", kind: number, unit: "s", min: 1, max: 86400, help: "pause after failures"},
		{name: "RedisClient_Request_Max_Error_Number", def: "2", kind: number, min: 1, max: 1_000_000, help: "failures before the pause"},
		{name: "Open_Urlcache", def: "0", kind: toggle, help: "1 switches the URL cache on"},
		{name: "Urlcache_Filename", def: "sites.xml", help: "file of the sites of the URL cache: a name in the data directory, or an absolute path"},
		{name: "Urlcache_Request_Easy", def: "0", kind: toggle, help: "1 serves the URL cache on any free path"},
	}
}

// findOption returns the option of that exact name.
func findOption(table []option, name string) *option {
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}

// findOptionFold returns the option of that name in any case.
func findOptionFold(table []option, name string) *option {
	for i := range table {
		if strings.EqualFold(table[i].name, name) {
			return &table[i]
		}
	}
	return nil
}
