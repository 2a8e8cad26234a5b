package node

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// announcePassword shows a password that was just made, this once. It writes to
// the standard error and not to the log, which is kept and read by others.
func (s *Server) announcePassword() {
	s.tell("owlcache made a password: "+s.secrets.password,
		"  it is shown only this once, and kept in "+s.dir.File(datadir.SecretFile))
}

// announce tells the operator where the node and its data are, and what to try.
func (s *Server) announce() {
	url := s.url(reachable(s.ln.Addr().(*net.TCPAddr)))
	serving := []any{"url", url, "data", s.dir.Path(), "version", term.Version}
	secret := s.dir.File(datadir.SecretFile)
	lines := []string{
		"owlcache " + term.Version + " serves " + url,
		"  data      " + s.dir.Path(),
	}
	if s.noTCP != nil {
		lines = append(lines, "  tcp       none: the port is taken, see the warning above")
	}
	if s.tcpLn != nil {
		tcp := reachable(s.tcpLn.Addr().(*net.TCPAddr))
		serving = append(serving, "tcp", tcp)
		lines = append(lines, "  tcp       "+tcp)
	}
	if s.sync != nil {
		serving = append(serving, "sync", s.sync.Address())
		lines = append(lines, "  sync      with the gossip group, at "+s.sync.Address()+" (TCP and UDP)")
	}
	s.logs.Info("serving", serving...)
	switch {
	case s.secrets.made:
		lines = append(lines, "  password  made just now, see above; kept in "+secret)
	case s.secrets.stored:
		lines = append(lines, "  password  as made at the first start, in "+secret)
	default:
		lines = append(lines, "  password  as configured by "+s.passwordOrigin())
	}
	lines = append(lines,
		"  log in    "+s.curl("-s")+" "+url+"/data/ -d cmd=pass --data-urlencode pass=PASSWORD",
		"  write     "+s.curl("-s")+" "+url+"/data/ -d cmd=set -d key=hello -d valuedata=world -d token=DATA_OF_LOG_IN",
		"  read      "+s.curl("-i")+" '"+url+"/data/?cmd=get&key=hello'",
	)
	s.tell(lines...)
}

func (s *Server) tell(lines ...string) {
	// Nobody can be told about an error of the standard error.
	_, _ = fmt.Fprintln(s.stderr, strings.Join(lines, "\n"))
}

func (s *Server) passwordOrigin() string {
	if file := s.config.Access.PasswordFile; file != "" {
		return "Pass_File " + file
	}
	return s.config.Setting(&s.config.Access.Password).Origin
}

// reachable returns host:port under which a client on this machine finds addr.
func reachable(addr *net.TCPAddr) string {
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(addr.Port))
}
