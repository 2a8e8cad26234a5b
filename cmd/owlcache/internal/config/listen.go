package config

import "time"

// Listen is where the server is reached.
type Listen struct {
	Host          string // without brackets
	ResponseHost  string // without brackets
	HTTPPort      int    // 0: a free one
	TCPPort       int    // 0: a free one
	TCP           bool
	TCPOpenWrites bool
	AllowedHosts  []string
}

func (l *Listen) options() []Option {
	return []Option{
		{Name: "Host", Default: "127.0.0.1", kind: host(&l.Host), Help: "address that the server listens on"},
		{Name: "ResponseHost", Default: "127.0.0.1", kind: host(&l.ResponseHost), Help: "host that answers name in ResponseHost"},
		{Name: "Httpport", Default: "7721", kind: number(&l.HTTPPort, 0, 65535), Help: "HTTP port; 0 takes a free one"},
		{Name: "Tcpport", Default: "7720", kind: number(&l.TCPPort, 0, 65535), Help: "TCP port; 0 takes a free one"},
		{Name: "CloseTcp", Default: "1", kind: toggle(&l.TCP), Help: "1 switches the TCP server on, 0 off"},
		{Name: "Tcp_OpenWrites", Default: "0", kind: toggle(&l.TCPOpenWrites), Help: "1 takes writes over TCP without a password from everywhere, 0 from a loopback address only"},
		{Name: "Allowed_Hosts", kind: list(&l.AllowedHosts, splitWords, checkHosts), Help: "further Host names that are served on a loopback address, and to web pages that open WebSockets; * = any"},
	}
}

// Limits bound what clients may take.
type Limits struct {
	Conns          int
	ConnsPerIP     int // 0: no limit
	ReadTimeout    time.Duration
	WriteTimeout   time.Duration
	IdleTimeout    time.Duration
	TCPIdleTimeout time.Duration
	HeaderSize     int
	BodyMemory     int64
}

func (l *Limits) options() []Option {
	return []Option{
		{Name: "Max_Connections", Default: "10000", kind: number(&l.Conns, 1, 10_000_000), Help: "connections at once"},
		{Name: "Max_Connections_PerIP", Default: "2000", kind: number(&l.ConnsPerIP, 0, 10_000_000), Help: "connections at once from one address or IPv6 /64 network, loopback excepted; 0 = no limit"},
		{Name: "Http_ReadTimeout", Default: "30", kind: span(&l.ReadTimeout, "s", 1, 86400), Help: "time to receive a whole request"},
		{Name: "Http_WriteTimeout", Default: "30", kind: span(&l.WriteTimeout, "s", 1, 86400), Help: "time to send an answer"},
		{Name: "Http_IdleTimeout", Default: "120", kind: span(&l.IdleTimeout, "s", 1, 86400), Help: "time that an idle connection is kept"},
		{Name: "Tcp_IdleTimeout", Default: "600", kind: span(&l.TCPIdleTimeout, "s", 1, maxSeconds), Help: "time that an idle TCP connection is kept"},
		{Name: "Http_MaxHeaderSize", Default: "32KiB", kind: size(&l.HeaderSize, 4<<10, 1<<20), Help: "largest request line and headers"},
		{Name: "Http_MaxBodyMemory", Default: "256MiB", kind: size(&l.BodyMemory, 1<<20, 1<<40), Help: "memory for large request bodies, all together"},
	}
}
