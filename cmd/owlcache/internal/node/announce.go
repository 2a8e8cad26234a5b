package node

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

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
	case s.config.Access.PasswordFile != "":
		lines = append(lines, "  password  as configured by Pass_File "+s.config.Access.PasswordFile)
	default:
		lines = append(lines, "  password  as configured by "+s.config.Setting(&s.config.Access.Password).Origin)
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

// reachable returns host:port under which a client on this machine finds addr.
func reachable(addr *net.TCPAddr) string {
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// warn tells the operator what to know about the configuration: in the log and, where that
// goes elsewhere, on the standard error too.
func (s *Server) warn() {
	elsewhere := s.config.Logs.File != "" && !term.IsTerminal(s.stderr)
	for _, w := range s.startWarnings() {
		s.logs.Warn(w)
		if elsewhere {
			s.tell("owlcache: warning: " + w)
		}
	}
}

func (s *Server) startWarnings() []string {
	warnings := s.config.Warnings()
	if s.noTCP != nil {
		warnings = append(warnings, "no TCP is served: "+s.noTCP.Error()+"; another program uses its default port; the option Tcpport chooses one, CloseTcp 0 is for none")
	}
	host := " (Host " + s.config.Setting(&s.config.Listen.Host).Text + ")"
	switch elsewhere := !s.listenIP().IsLoopback(); {
	case elsewhere && s.certificate == nil:
		warnings = append(warnings, "listening on "+s.ln.Addr().String()+host+", beyond this machine, without TLS: passwords, tokens and data are readable on the way, switch HTTPS on (Open_Https 1) or put a TLS proxy in front")
	case elsewhere && s.tcpLn != nil:
		warnings = append(warnings, "TCP is served on "+s.tcpLn.Addr().String()+host+", beyond this machine, and never encrypted: passwords and data are readable on the way, unless clients use HTTPS only; CloseTcp 0 switches it off")
	}
	if w := s.config.SyncWarning(s.listenIP()); s.sync != nil && w != "" {
		warnings = append(warnings, w)
	}
	return warnings
}
