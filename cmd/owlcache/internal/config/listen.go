package config

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
