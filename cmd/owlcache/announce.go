package main

import (
	"fmt"
	"net"
	"strconv"

	"owlcache/engine/datadir"
)

// announce tells the operator where the node and its data are, and what to try.
// It writes to the standard error and not to the log, because a password that
// was just made is shown here, this once.
func (s *server) announce() {
	url := "http://" + reachable(s.ln.Addr().(*net.TCPAddr))
	s.logs.Info("serving", "url", url, "data", s.dir.Path(), "version", version)
	secret := s.dir.File(datadir.SecretFile)
	lines := []string{
		"owlcache " + version + " serves " + url,
		"  data      " + s.dir.Path(),
	}
	switch {
	case s.secrets.made:
		lines = append(lines, "  password  "+s.secrets.password+"  (made now, shown only this once, kept in "+secret+")")
	case s.secrets.stored:
		lines = append(lines, "  password  as made at the first start, in "+secret)
	default:
		lines = append(lines, "  password  as configured by "+s.passwordOrigin())
	}
	lines = append(lines,
		"  log in    curl -s "+url+"/data/ -d cmd=pass --data-urlencode pass=PASSWORD",
		"  write     curl -s "+url+"/data/ -d cmd=set -d key=hello -d valuedata=world -d token=DATA_OF_LOG_IN",
		"  read      curl -i '"+url+"/data/?cmd=get&key=hello'",
	)
	for _, line := range lines {
		// Nobody can be told about an error of the standard error.
		_, _ = fmt.Fprintln(s.stderr, line)
	}
}

func (s *server) passwordOrigin() string {
	if f := s.config.get("Pass_File"); f.value != "" {
		return "Pass_File " + f.value
	}
	return s.config.get("Pass").origin
}

// reachable returns host:port under which a client on this machine finds addr.
func reachable(addr *net.TCPAddr) string {
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(addr.Port))
}
