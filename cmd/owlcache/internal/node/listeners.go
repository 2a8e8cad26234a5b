package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"owlcache/cmd/owlcache/internal/config"
)

// listen takes the HTTP port.
func (s *Server) listen(ctx context.Context) error {
	ln, err := s.listenOn(ctx, "Httpport")
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
	if !s.config.On("CloseTcp") {
		return nil
	}
	ln, err := s.listenOn(ctx, "Tcpport")
	switch {
	case err == nil:
		s.tcpLn = ln
	case !errors.Is(err, syscall.EADDRINUSE):
		return err
	case !s.config.AtDefault("Tcpport") || !s.config.Stronger("Httpport", "Tcpport"):
		return fmt.Errorf("%w; another program uses the port, choose one with the option Tcpport, or CloseTcp 0 for none", err)
	default:
		s.noTCP = err
	}
	return nil
}

// listenOn listens on Host and the port that an option names.
func (s *Server) listenOn(ctx context.Context, portOption string) (net.Listener, error) {
	host := config.BareHost(s.config.Text("Host"))
	addr := net.JoinHostPort(host, strconv.FormatInt(s.config.Int(portOption), 10))
	network := "tcp"
	if ip := net.ParseIP(host); ip != nil && ip.To4() != nil {
		network = "tcp4" // or 0.0.0.0 would open the port on IPv6 too
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (options Host and %s): %w", addr, portOption, err)
	}
	return ln, nil
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
