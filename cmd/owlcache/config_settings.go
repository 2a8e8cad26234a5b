package main

import (
	"owlcache/api"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
)

// apiOptions returns what the configuration says about the HTTP side. Secrets,
// loggers and the port that was taken are for the caller to add.
func (c *config) apiOptions() api.Options {
	return api.Options{
		Version:        term.Version,
		ResponseHost:   bareHost(c.text("ResponseHost")),
		WebSocket:      c.on("Open_Websocket_Server"),
		TCPPort:        int(c.int("Tcpport")),
		TokenLifetime:  c.duration("Tonken_expire_time"),
		MaxValueSize:   int(c.int("MaxValueSize")),
		AllowedHosts:   splitHosts(c.text("Allowed_Hosts")),
		AllowedOrigins: c.allowedOrigins(),
		MaxConns:       int(c.int("Max_Connections")),
		MaxConnsPerIP:  int(c.int("Max_Connections_PerIP")),
		ReadTimeout:    c.duration("Http_ReadTimeout"),
		WriteTimeout:   c.duration("Http_WriteTimeout"),
		IdleTimeout:    c.duration("Http_IdleTimeout"),
		TCPIdleTimeout: c.duration("Tcp_IdleTimeout"),
		TCPOpenWrites:  c.on("Tcp_OpenWrites"),
		MaxHeaderSize:  int(c.int("Http_MaxHeaderSize")),
		MaxBodyMemory:  c.int("Http_MaxBodyMemory"),
	}
}

// engineOptions returns what the configuration says about the store. Only data
// sync needs tombstones, so without it none are kept.
func (c *config) engineOptions() engine.Options {
	o := engine.Options{
		MaxValueSize:       int(c.int("MaxValueSize")),
		SegmentSize:        c.int("WAL_SegmentSize"),
		CheckpointLogBytes: c.int("Checkpoint_LogSize"),
		Sync:               c.text("WAL_Sync"),
		CheckpointInterval: c.duration("Task_DataBackup"),
		SweepInterval:      c.duration("Task_ClearExpireData"),
	}
	if c.on("GroupDataSync") {
		o.TombstoneGrace = c.duration("Tombstone_Grace")
	}
	return o
}
