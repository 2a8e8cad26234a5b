package config

import "time"

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
