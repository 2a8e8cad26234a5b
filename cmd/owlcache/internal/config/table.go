package config

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

// Options returns the table of all options in the order of the documentation.
// It is the one place that knows their names and defaults.
func Options() []Option {
	var all []Option
	for _, group := range [][]Option{
		listenOptions(), accessOptions(), storageOptions(), limitOptions(), logOptions(), taskOptions(),
		httpsOptions(), groupOptions(), syncOptions(), originOptions(),
	} {
		all = append(all, group...)
	}
	return all
}

func listenOptions() []Option {
	return []Option{
		{Name: "Host", Default: "127.0.0.1", kind: host, Help: "address that the server listens on"},
		{Name: "ResponseHost", Default: "127.0.0.1", kind: host, Help: "host that answers name in ResponseHost"},
		{Name: "Httpport", Default: "7721", kind: number, max: 65535, Help: "HTTP port; 0 takes a free one"},
		{Name: "Tcpport", Default: "7720", kind: number, max: 65535, Help: "TCP port; 0 takes a free one"},
		{Name: "CloseTcp", Default: "1", kind: toggle, Help: "1 switches the TCP server on, 0 off"},
		{Name: "Tcp_OpenWrites", Default: "0", kind: toggle, Help: "1 takes writes over TCP without a password from everywhere, 0 from a loopback address only"},
		{Name: "Allowed_Hosts", kind: hosts, Help: "further Host names that are served on a loopback address, and to web pages that open WebSockets; * = any"},
	}
}

func accessOptions() []Option {
	return []Option{
		{Name: "Pass", kind: passphrase, secret: true, Help: "password of the pass command; empty = made at the first start"},
		{Name: "Pass_File", Help: "file that holds the password"},
		{Name: "Tonken_expire_time", Default: "0", kind: number, Unit: "s", max: maxSeconds, Help: "life of a token; 0 = no expiry"},
		{Name: "Tonken_jwt_secret", secret: true, Help: "secret that signs tokens; empty = made at the first start"},
	}
}

func storageOptions() []Option {
	return []Option{
		{Name: "DBfile", Default: "./data/", Help: "data directory"},
		{Name: "WAL_Sync", Default: "always", kind: choice, choices: []string{"always", "everysec", "no"}, Help: "when the log is made durable"},
		{Name: "WAL_SegmentSize", Default: "64MiB", kind: size, min: 64 << 10, max: 1 << 30, Help: "size of a log segment"},
		{Name: "Checkpoint_LogSize", Default: "64MiB", kind: size, min: 64 << 10, max: 1 << 40, Help: "size of sealed log that causes a checkpoint"},
		{Name: "MaxValueSize", Default: "16MiB", kind: size, min: 1, max: engine.MaxValueSize, Help: "largest value"},
		{Name: "Tombstone_Grace", Default: "3600", kind: number, Unit: "s", min: 1, max: maxSeconds, Help: "how long deleted keys are remembered for data sync"},
	}
}

func limitOptions() []Option {
	return []Option{
		{Name: "Max_Connections", Default: "10000", kind: number, min: 1, max: 10_000_000, Help: "connections at once"},
		{Name: "Max_Connections_PerIP", Default: "2000", kind: number, max: 10_000_000, Help: "connections at once from one address or IPv6 /64 network, loopback excepted; 0 = no limit"},
		{Name: "Http_ReadTimeout", Default: "30", kind: number, Unit: "s", min: 1, max: 86400, Help: "time to receive a whole request"},
		{Name: "Http_WriteTimeout", Default: "30", kind: number, Unit: "s", min: 1, max: 86400, Help: "time to send an answer"},
		{Name: "Http_IdleTimeout", Default: "120", kind: number, Unit: "s", min: 1, max: 86400, Help: "time that an idle connection is kept"},
		{Name: "Tcp_IdleTimeout", Default: "600", kind: number, Unit: "s", min: 1, max: maxSeconds, Help: "time that an idle TCP connection is kept"},
		{Name: "Http_MaxHeaderSize", Default: "32KiB", kind: size, min: 4 << 10, max: 1 << 20, Help: "largest request line and headers"},
		{Name: "Http_MaxBodyMemory", Default: "256MiB", kind: size, min: 1 << 20, max: 1 << 40, Help: "memory for large request bodies, all together"},
	}
}

func logOptions() []Option {
	return []Option{
		{Name: "Logfile", Help: "log file or directory; empty = standard error only"},
		{Name: "Log_Level", Default: "info", kind: choice, choices: []string{"debug", "info", "warn", "error"}, Help: "least level that is logged"},
		{Name: "AccessLog", Default: "0", kind: toggle, Help: "1 logs each request"},
	}
}

func taskOptions() []Option {
	return []Option{
		{Name: "Task_DataBackup", Default: "1", kind: number, Unit: "min", max: maxMinutes, Help: "time between checkpoints; 0 = by size only"},
		{Name: "Task_DataAuthBackup", Default: "1", kind: number, Unit: "min", max: maxMinutes, Help: "no effect, accepted for older files"},
		{Name: "Task_ClearExpireData", Default: "1", kind: number, Unit: "min", min: 1, max: maxMinutes, Help: "time between sweeps of expired keys"},
		{Name: "Task_ServerListBackup", Default: "1", kind: number, Unit: "min", max: maxMinutes, Help: "no effect, accepted for older files"},
		{Name: "Task_ServerGossipListBackup", Default: "1", kind: number, Unit: "min", max: maxMinutes, Help: "no effect, accepted for older files"},
		{Name: "Task_MemoryInfoToLog", Default: "1", kind: number, Unit: "min", max: maxMinutes, Help: "time between memory lines in the log; 0 = none"},
		{Name: "Task_OutputSuccessLog", Default: "0", kind: toggle, Help: "1 logs background tasks that went well too"},
	}
}

func httpsOptions() []Option {
	return []Option{
		{Name: "Open_Https", Default: "0", kind: toggle, Help: "1 lets the HTTP port speak HTTPS, and nothing else"},
		{Name: "Https_CertFile", Help: "PEM file of the certificate, followed by those of its issuers"},
		{Name: "Https_KeyFile", Help: "PEM file of its key"},
		{Name: "HttpsClient_InsecureSkipVerify", Default: "0", kind: toggle, Help: "1 accepts any certificate of another node, or of an origin of the URL cache"},
		{Name: "HttpsClient_CACertFile", Help: "PEM file of certificates that those of other nodes, and of origins of the URL cache, are verified against, besides those of the system"},
		{Name: "Cors", Default: "0", kind: toggle, Help: "1 lets web pages of other origins read answers and open WebSockets"},
		{Name: "Access_Control_Allow_Origin", Default: "*", kind: origins, Help: "origins that Cors allows, like https://www.example.com; * = any"},
	}
}

func groupOptions() []Option {
	return []Option{
		{Name: "Open_Websocket_Server", Default: "1", kind: toggle, Help: "1 serves WebSockets on /ws"},
		{Name: "GroupData_Mode", Default: "Http", kind: choice, choices: []string{"Http", "Websocket"}, Help: "how the members of a group are asked"},
		{Name: "Websocket_Client_WriteWait", Default: "10", kind: number, Unit: "s", min: 1, max: 86400, Help: "time to send a message"},
		{Name: "Websocket_Client_MaxMessageSize", Default: "7000000", kind: size, min: 1024, max: 1 << 30, Help: "largest message"},
		{Name: "Websocket_Client_MinRecTime", Default: "2", kind: number, Unit: "s", min: 1, max: 86400, Help: "least time before reconnecting"},
		{Name: "Websocket_Client_MaxRecTime", Default: "60", kind: number, Unit: "s", min: 1, max: 86400, Help: "greatest time before reconnecting"},
		{Name: "Websocket_Client_MessageBufferSize", Default: "1024", kind: number, min: 1, max: 1 << 20, Help: "messages waiting to be sent"},
		{Name: "HttpClientRequestTimeout", Default: "2700", kind: number, Unit: "ms", min: 1, max: 3600_000, Help: "time for a member to answer"},
		{Name: "HttpClientRequestLocalCacheLifeTime", Default: "5000", kind: number, Unit: "ms", max: 3600_000, Help: "time that a member's answer is kept; 0 = not"},
		{Name: "Group_CacheSize", Default: "64MiB", kind: size, min: 1 << 20, max: 1 << 40, Help: "memory for the answers of members that are kept"},
		{Name: "Group_Https", Default: "0", kind: toggle, Help: "1 asks the members over HTTPS"},
	}
}

func syncOptions() []Option {
	return []Option{
		{Name: "GroupDataSync", Default: "0", kind: toggle, Help: "1 lets all nodes of the gossip group hold the same data"},
		{Name: "Gossipport", Default: "0", kind: number, max: 65535, Help: "gossip port, TCP and UDP; 0 takes a free one"},
		{Name: "GossipDataSyncAuthKey", secret: true, Help: "secret that the nodes of the gossip group share; data sync needs it"},
		{Name: "GossipDataSyncAuthKey_File", Help: "file that holds this secret"},
		{Name: "Gossip_AcceptKeys", secret: true, Help: "further secrets that are accepted from others, separated by |, while the secret is changed"},
		{Name: "Gossip_BindAddr", kind: ipAddress, Help: "IP address that data sync listens on; empty = that of Host"},
		{Name: "Gossip_AdvertiseAddr", kind: hostPort, Help: "HOST or HOST:PORT where other nodes find this one; empty = ResponseHost"},
		{Name: "Gossip_Network", Default: "LAN", kind: choice, choices: []string{"LAN", "WAN"}, Help: "kind of network between the nodes, for the times of data sync"},
		{Name: "Gossip_QueueSize", Default: "64MiB", kind: size, min: 1 << 20, max: 1 << 40, Help: "memory for changes that wait to be sent, for each node"},
		{Name: "GossipHttpClientRequestTimeout", Default: "5000", kind: number, Unit: "ms", min: 1, max: 3600_000, Help: "no effect, accepted for older files"},
	}
}

func originOptions() []Option {
	return []Option{
		{Name: "Get_data_from_memcache", Default: "0", kind: toggle, Help: "1 asks memcached for missing keys"},
		{Name: "Memcache_list", kind: serverList, Help: "memcached servers, host:port separated by |"},
		{Name: "Get_memcache_data_set_expire_time", Default: "0", kind: number, Unit: "s", max: maxSeconds, Help: "life of keys that come from memcached; 0 = no expiry"},
		{Name: "MemcacheClient_Request_Timeout_Sleeptime", Default: "2", kind: number, Unit: "s", min: 1, max: 86400, Help: "pause after failures"},
		{Name: "MemcacheClient_Request_Max_Error_Number", Default: "2", kind: number, min: 1, max: 1_000_000, Help: "failures before the pause"},
		{Name: "Get_data_from_redis", Default: "0", kind: toggle, Help: "1 asks Redis for missing keys"},
		{Name: "Redis_Addr", kind: serverAddress, Help: "Redis server, host:port"},
		{Name: "Redis_Password", secret: true, Help: "password of the Redis server"},
		{Name: "Redis_DB", Default: "0", kind: number, max: 1_000_000, Help: "number of the Redis database"},
		{Name: "Get_redis_data_set_expire_time", Default: "0", kind: number, Unit: "s", max: maxSeconds, Help: "life of keys that come from Redis; 0 = no expiry"},
		{Name: "RedisClient_Request_Timeout_Sleeptime", Default: "2", kind: number, Unit: "s", min: 1, max: 86400, Help: "pause after failures"},
		{Name: "RedisClient_Request_Max_Error_Number", Default: "2", kind: number, min: 1, max: 1_000_000, Help: "failures before the pause"},
		{Name: "Open_Urlcache", Default: "0", kind: toggle, Help: "1 switches the URL cache on"},
		{Name: "Urlcache_Filename", Default: "sites.xml", Help: "file of the sites of the URL cache: a name in the data directory, or an absolute path"},
		{Name: "Urlcache_Request_Easy", Default: "0", kind: toggle, Help: "1 serves the URL cache on any free path"},
	}
}

// FindOption returns the option of that exact name.
func FindOption(table []Option, name string) *Option {
	for i := range table {
		if table[i].Name == name {
			return &table[i]
		}
	}
	return nil
}

// FindOptionFold returns the option of that name in any case.
func FindOptionFold(table []Option, name string) *Option {
	for i := range table {
		if strings.EqualFold(table[i].Name, name) {
			return &table[i]
		}
	}
	return nil
}
