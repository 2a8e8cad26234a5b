package config

import "time"

// Group is how the members of the owlcache group are asked.
type Group struct {
	ServeWebSocket bool
	Mode           string
	WriteWait      time.Duration
	MaxMessageSize int64
	MinReconnect   time.Duration
	MaxReconnect   time.Duration
	MessageBuffer  int
	Timeout        time.Duration
	CacheLifetime  time.Duration // 0: nothing is kept
	CacheSize      int64
	HTTPS          bool
}

func (g *Group) options() []Option {
	return []Option{
		{Name: "Open_Websocket_Server", Default: "1", kind: toggle(&g.ServeWebSocket), Help: "1 serves WebSockets on /ws"},
		{Name: "GroupData_Mode", Default: "Http", kind: choice(&g.Mode, "Http", "Websocket"), Help: "how the members of a group are asked"},
		{Name: "Websocket_Client_WriteWait", Default: "10", kind: span(&g.WriteWait, "s", 1, 86400), Help: "time to send a message"},
		{Name: "Websocket_Client_MaxMessageSize", Default: "7000000", kind: size(&g.MaxMessageSize, 1024, 1<<30), Help: "largest message"},
		{Name: "Websocket_Client_MinRecTime", Default: "2", kind: span(&g.MinReconnect, "s", 1, 86400), Help: "least time before reconnecting"},
		{Name: "Websocket_Client_MaxRecTime", Default: "60", kind: span(&g.MaxReconnect, "s", 1, 86400), Help: "greatest time before reconnecting"},
		{Name: "Websocket_Client_MessageBufferSize", Default: "1024", kind: number(&g.MessageBuffer, 1, 1<<20), Help: "messages waiting to be sent"},
		{Name: "HttpClientRequestTimeout", Default: "2700", kind: span(&g.Timeout, "ms", 1, 3600_000), Help: "time for a member to answer"},
		{Name: "HttpClientRequestLocalCacheLifeTime", Default: "5000", kind: span(&g.CacheLifetime, "ms", 0, 3600_000), Help: "time that a member's answer is kept; 0 = not"},
		{Name: "Group_CacheSize", Default: "64MiB", kind: size(&g.CacheSize, 1<<20, 1<<40), Help: "memory for the answers of members that are kept"},
		{Name: "Group_Https", Default: "0", kind: toggle(&g.HTTPS), Help: "1 asks the members over HTTPS"},
	}
}
