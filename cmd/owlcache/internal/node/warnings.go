package node

import (
	"owlcache/cmd/owlcache/internal/term"
)

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
	if !s.listenIP().IsLoopback() {
		warnings = append(warnings, s.plainTextWarnings()...)
	}
	if w := s.config.SyncWarning(s.listenIP()); s.sync != nil && w != "" {
		warnings = append(warnings, w)
	}
	return warnings
}

// plainTextWarnings say what others on the network can read.
func (s *Server) plainTextWarnings() (warnings []string) {
	host := " (Host " + s.config.Setting(&s.config.Listen.Host).Text + ")"
	if s.certificate == nil {
		warnings = append(warnings, "listening on "+s.ln.Addr().String()+host+", beyond this machine, without TLS: passwords, tokens and data are readable on the way, switch HTTPS on (Open_Https 1) or put a TLS proxy in front")
	}
	if s.certificate != nil && s.tcpLn != nil {
		warnings = append(warnings, "TCP is served on "+s.tcpLn.Addr().String()+host+", beyond this machine, and never encrypted: passwords and data are readable on the way, unless clients use HTTPS only; CloseTcp 0 switches it off")
	}
	return warnings
}
