package access

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Origins says which other web pages may read answers (cross-origin resource sharing). Credentials are
// never allowed: no browser holds any, as tokens travel in parameters or in Authorization.
type Origins struct {
	Any     bool
	origins map[string]struct{} // in the form in which browsers send them
}

// newOrigins takes what CheckOrigins has accepted.
func newOrigins(origins []string) *Origins {
	if len(origins) == 0 {
		return nil
	}
	c := &Origins{origins: map[string]struct{}{}}
	for _, o := range origins {
		if o == "*" {
			c.Any = true
			continue
		}
		sent, _ := browserOrigin(o)
		c.origins[sent] = struct{}{}
	}
	return c
}

// Allow tells whether pages of this origin, as a browser sends it, may read answers.
func (c *Origins) Allow(origin []byte) bool {
	if c.Any {
		return true
	}
	_, ok := c.origins[string(origin)]
	return ok
}

// CheckOrigins refuses a list for Options.AllowedOrigins that is neither only "*" nor a
// list of origins: scheme://host or scheme://host:port, without a path.
func CheckOrigins(list []string) error {
	for _, o := range list {
		if o == "*" && len(list) > 1 {
			return errors.New("* allows any origin: want it alone, or a list of origins without it")
		}
		if _, err := browserOrigin(o); o != "*" && err != nil {
			return err
		}
	}
	return nil
}

// browserOrigin returns an origin as browsers send it: lower case, without the scheme's usual port.
func browserOrigin(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || !isOriginHost(u.Hostname()) {
		return "", fmt.Errorf("origin %q: want scheme://host or scheme://host:port, like https://www.example.com, a host in other letters in its xn-- form, or * alone for any", s)
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") || strings.HasSuffix(u.Host, ":") {
		return "", fmt.Errorf("origin %q: want only scheme://host or scheme://host:port, without a slash at the end or anything behind it", s)
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host, nil
}

func isOriginHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	})
}
