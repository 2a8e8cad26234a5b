package access

import (
	"bytes"
	"net/netip"
	"strings"
)

// Hosts keeps web pages of other sites from using a node on a loopback address: a page whose domain
// name is made to point at 127.0.0.1 (DNS rebinding) sends its own name as Host.
type Hosts struct {
	any   bool
	names map[string]struct{} // lower case, without port and final dot
}

func newHosts(responseHost string, allowed []string) *Hosts {
	h := &Hosts{names: map[string]struct{}{"localhost": {}, hostName(responseHost): {}}}
	for _, name := range allowed {
		if name == "*" {
			h.any = true
		}
		h.names[hostName(name)] = struct{}{}
	}
	delete(h.names, "")
	return h
}

func hostName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.TrimSuffix(string(withoutPort([]byte(s))), ".")
}

// Allow tells whether a request on a loopback address may name host, which is in
// lower case. A request without a Host comes from no browser.
func (h *Hosts) Allow(host []byte) bool {
	if len(host) == 0 || h.any {
		return true
	}
	name := withoutPort(host)
	if isIPv4(name) {
		return true
	}
	if name[0] == '[' {
		return isIPv6Literal(name)
	}
	name = bytes.TrimSuffix(name, []byte("."))
	if _, ok := h.names[string(name)]; ok {
		return true
	}
	return bytes.HasSuffix(name, []byte(".localhost"))
}

func withoutPort(host []byte) []byte {
	i := bytes.LastIndexByte(host, ':')
	if i <= 0 || bytes.IndexByte(host[i:], ']') >= 0 {
		return host
	}
	return host[:i]
}

// isIPv4 tells whether name is numbers with single dots between them, as no domain name is.
func isIPv4(name []byte) bool {
	last := byte('.')
	for _, c := range name {
		if (c < '0' || c > '9') && (c != '.' || last == '.') {
			return false
		}
		last = c
	}
	return last != '.'
}

func isIPv6Literal(name []byte) bool {
	if name[len(name)-1] != ']' {
		return false
	}
	_, err := netip.ParseAddr(string(name[1 : len(name)-1]))
	return err == nil
}
