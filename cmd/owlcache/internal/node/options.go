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
		ResponseHost:   c.Listen.ResponseHost,
		WebSocket:      c.Group.ServeWebSocket,
		TCPPort:        c.Listen.TCPPort,
		TokenLifetime:  c.Access.TokenLifetime,
		MaxValueSize:   c.Storage.MaxValueSize,
		AllowedHosts:   c.Listen.AllowedHosts,
		AllowedOrigins: c.HTTPS.AllowedOrigins(),
		MaxConns:       c.Limits.Conns,
		MaxConnsPerIP:  c.Limits.ConnsPerIP,
		ReadTimeout:    c.Limits.ReadTimeout,
		WriteTimeout:   c.Limits.WriteTimeout,
		IdleTimeout:    c.Limits.IdleTimeout,
		TCPIdleTimeout: c.Limits.TCPIdleTimeout,
		TCPOpenWrites:  c.Listen.TCPOpenWrites,
		MaxHeaderSize:  c.Limits.HeaderSize,
		MaxBodyMemory:  c.Limits.BodyMemory,
	}
}

// engineOptions returns what the configuration says about the store. Only data
// sync needs tombstones, so without it none are kept.
func engineOptions(c *config.Config) engine.Options {
	o := engine.Options{
		MaxValueSize:       c.Storage.MaxValueSize,
		SegmentSize:        c.Storage.SegmentSize,
		CheckpointLogBytes: c.Storage.CheckpointLogSize,
		Sync:               c.Storage.WALSync,
		CheckpointInterval: c.Tasks.Checkpoint,
		SweepInterval:      c.Tasks.Sweep,
	}
	if c.Sync.On {
		o.TombstoneGrace = c.Storage.TombstoneGrace
	}
	return o
}
