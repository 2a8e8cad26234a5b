package node

import (
	"owlcache/api"
	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// apiOptions returns what the configuration says about the HTTP side. Secrets,
// loggers and the port that was taken are for the caller to add.
func apiOptions(c *config.Config) api.Options {
	return api.Options{
		Version:        term.Version,
		ResponseHost:   config.BareHost(c.Text("ResponseHost")),
		WebSocket:      c.On("Open_Websocket_Server"),
		TCPPort:        int(c.Int("Tcpport")),
		TokenLifetime:  c.Duration("Tonken_expire_time"),
		MaxValueSize:   int(c.Int("MaxValueSize")),
		AllowedHosts:   config.SplitHosts(c.Text("Allowed_Hosts")),
		AllowedOrigins: c.AllowedOrigins(),
		MaxConns:       int(c.Int("Max_Connections")),
		MaxConnsPerIP:  int(c.Int("Max_Connections_PerIP")),
		ReadTimeout:    c.Duration("Http_ReadTimeout"),
		WriteTimeout:   c.Duration("Http_WriteTimeout"),
		IdleTimeout:    c.Duration("Http_IdleTimeout"),
		TCPIdleTimeout: c.Duration("Tcp_IdleTimeout"),
		TCPOpenWrites:  c.On("Tcp_OpenWrites"),
		MaxHeaderSize:  int(c.Int("Http_MaxHeaderSize")),
		MaxBodyMemory:  c.Int("Http_MaxBodyMemory"),
	}
}

// engineOptions returns what the configuration says about the store. Only data
// sync needs tombstones, so without it none are kept.
func engineOptions(c *config.Config) engine.Options {
	o := engine.Options{
		MaxValueSize:       int(c.Int("MaxValueSize")),
		SegmentSize:        c.Int("WAL_SegmentSize"),
		CheckpointLogBytes: c.Int("Checkpoint_LogSize"),
		Sync:               c.Text("WAL_Sync"),
		CheckpointInterval: c.Duration("Task_DataBackup"),
		SweepInterval:      c.Duration("Task_ClearExpireData"),
	}
	if c.On("GroupDataSync") {
		o.TombstoneGrace = c.Duration("Tombstone_Grace")
	}
	return o
}
