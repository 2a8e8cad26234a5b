package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

func (s *Server) listen(ctx context.Context) error {
	ln, err := s.listenOn(ctx, &s.config.Listen.HTTPPort)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; another program uses the port, choose one with --port or the option Httpport", err)
	}
	s.ln = ln
	return err
}

// listenTCP takes the port of the line protocol. A second node on a machine, which was
// given an HTTP port of its own but no TCP port, finds the default one taken by the first:
// it goes on without, and says so.
func (s *Server) listenTCP(ctx context.Context) error {
	if !s.config.Listen.TCP {
		return nil
	}
	ln, err := s.listenOn(ctx, &s.config.Listen.TCPPort)
	http, tcp := s.config.Setting(&s.config.Listen.HTTPPort), s.config.Setting(&s.config.Listen.TCPPort)
	switch {
	case err == nil:
		s.tcpLn = ln
	case !errors.Is(err, syscall.EADDRINUSE):
		return err
	case tcp.Text != tcp.Default || http.Source <= tcp.Source:
		return fmt.Errorf("%w; another program uses the port, choose one with the option Tcpport, or CloseTcp 0 for none", err)
	default:
		s.noTCP = err
	}
	return nil
}

func (s *Server) listenOn(ctx context.Context, port *int) (net.Listener, error) {
	host := s.config.Listen.Host
	addr := net.JoinHostPort(host, strconv.Itoa(*port))
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp"+family(net.ParseIP(host)), addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (options Host and %s): %w", addr, s.config.Setting(port).Name, err)
	}
	return ln, nil
}

// family ends the name of a network. Without it 0.0.0.0 would open the port on IPv6 too.
func family(ip net.IP) string {
	if ip.To4() != nil {
		return "4"
	}
	return ""
}

// closeListeners closes what nobody serves yet.
func (s *Server) closeListeners() error {
	var errs []error
	for _, ln := range []net.Listener{s.ln, s.tcpLn} {
		if ln != nil {
			errs = append(errs, ln.Close())
		}
	}
	s.ln, s.tcpLn = nil, nil
	return errors.Join(errs...)
}
