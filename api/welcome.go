package api

import (
	"fmt"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
)

func (s *Server) serveWelcome(x *exchange.Exchange, _ node.Store) {
	at := s.opts.scheme() + "://" + x.Conn.ResponseHost
	x.Text(200, fmt.Sprintf(`%s - a persistent cache server

Try it (set needs the token that pass answers in Data):

  curl '%s/data/?cmd=ping'
  curl '%s/data/' -d cmd=pass --data-urlencode pass=PASSWORD
  curl '%s/data/' -d cmd=set -d key=hello -d valuedata=world --data-urlencode token=TOKEN
  curl '%s/data/?cmd=get&key=hello'

State: /readyz, /livez, figures: /metrics
Documentation: README.md and docs/ of the program`, s.name, at, at, at, at))
}
