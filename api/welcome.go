package api

import "fmt"

// serveWelcome tells who has come here by hand what this is.
func serveWelcome(x *exchange) {
	host := x.conn.responseHost
	x.text(200, fmt.Sprintf(`%s - a persistent cache server

Try it (set needs the token that pass answers in Data):

  curl 'http://%s/data/?cmd=ping'
  curl 'http://%s/data/' -d cmd=pass --data-urlencode pass=PASSWORD
  curl 'http://%s/data/' -d cmd=set -d key=hello -d valuedata=world --data-urlencode token=TOKEN
  curl 'http://%s/data/?cmd=get&key=hello'

State: /readyz, /livez, figures: /metrics
Documentation: README.md and docs/ of the program`, x.srv.name, host, host, host, host))
}
