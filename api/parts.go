package api

import (
	"owlcache/api/admin"
	"owlcache/api/internal/conn"
	"owlcache/api/internal/node"
	"owlcache/api/line"
	"owlcache/api/socket"
)

// Parts are what a server is made of, for the tests of its parts.
type Parts struct {
	Node   *node.Node
	HTTP   *conn.Table
	Line   *line.Server
	Socket *socket.Server
	Admin  *admin.Server
	Stop   func() // the first thing that Shutdown does
}

// Parts returns what the server is made of.
func (s *Server) Parts() Parts {
	return Parts{Node: s.node, HTTP: s.conns, Line: s.line, Socket: s.socket, Admin: s.admin, Stop: s.stop}
}
