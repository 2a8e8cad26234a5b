package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"
)

// kind is how the text of an option is read.
type kind uint8

const (
	text          kind = iota // any printable text
	host                      // an IP address or a host name
	hosts                     // host names separated by commas or spaces
	origins                   // origins of web pages separated by commas or spaces
	ipAddress                 // an IP address
	hostPort                  // an IP address or a host name, perhaps with a port
	serverAddress             // HOST:PORT
	serverList                // HOST:PORT separated by |
	toggle                    // 0 or 1
	number                    // an integer of at least min and at most max
	size                      // bytes, with or without a unit: 1048576, 1MiB
	choice                    // one of choices
	passphrase                // a password that cannot be guessed
)

// Option describes one option of the configuration.
type Option struct {
	Name     string
	Default  string // default, as it would be written in the file
	kind     kind
	Unit     string // of a number: s, ms, min or bytes
	min, max int64  // of a number or size
	choices  []string
	secret   bool   // its value is never printed
	Help     string // one line
}

// parse checks a non-empty text and returns its number, which is 0 for the
// kinds that have none. The error says what is wanted, not what was given.
func (o *Option) parse(s string) (int64, error) {
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return 0, errors.New("want text without control characters")
	}
	switch o.kind {
	case host:
		return 0, checkHost(s)
	case hosts:
		return 0, checkHosts(s)
	case origins:
		return 0, checkOrigins(s)
	case ipAddress:
		if net.ParseIP(BareHost(s)) == nil {
			return 0, errors.New("want an IP address")
		}
	case hostPort:
		_, _, err := splitHostPort(s)
		return 0, err
	case serverAddress:
		return 0, checkServer(s)
	case serverList:
		return 0, checkServers(s)
	case toggle:
		if s != "0" && s != "1" {
			return 0, errors.New("want 0 (off) or 1 (on)")
		}
		return int64(s[0] - '0'), nil
	case number:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < o.min || n > o.max {
			return 0, fmt.Errorf("want a whole number from %d to %d%s", o.min, o.max, o.unitSuffix())
		}
		return n, nil
	case size:
		n, err := humanize.ParseBytes(s)
		if err != nil || n > math.MaxInt64 || int64(n) < o.min || int64(n) > o.max {
			return 0, fmt.Errorf("want a size from %s to %s, like 1048576 or 1MiB", FormatSize(o.min), FormatSize(o.max))
		}
		return int64(n), nil
	case choice:
		if !slices.Contains(o.choices, s) {
			return 0, fmt.Errorf("want %s", strings.Join(o.choices, " or "))
		}
	case passphrase:
		return 0, CheckPassword(s)
	}
	return 0, nil
}

// env returns the name of the environment variable that sets the option.
func (o *Option) env() string { return envPrefix + strings.ToUpper(o.Name) }

// Shown returns a value as it may be printed: secrets are masked, and nothing
// can steer a terminal.
func (o *Option) Shown(s string) string {
	switch {
	case o.secret && s != "":
		return "********"
	case strings.ContainsFunc(s, unicode.IsControl):
		return strconv.Quote(s)
	}
	return s
}

// assignment returns how a value is given, for a message about it.
func (o *Option) assignment(value string) string {
	if o.secret {
		return o.Name
	}
	return o.Name + " " + o.Shown(value)
}

func (o *Option) unitSuffix() string {
	if o.Unit == "" {
		return ""
	}
	return " (" + o.Unit + ")"
}

// FormatSize writes bytes with a binary unit if that is exact.
func FormatSize(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// checkHost accepts IP addresses, IPv6 ones with or without brackets, and host
// names. A port does not belong there.
func checkHost(s string) error {
	if net.ParseIP(BareHost(s)) != nil {
		return nil
	}
	if strings.HasPrefix(s, ".") || strings.Contains(s, "..") {
		return errors.New("want an IP address or a host name, without empty parts")
	}
	if strings.Trim(s, "0123456789.") == "" { // no name has only these
		return errors.New("want an IP address of four numbers from 0 to 255, or a host name")
	}
	if len(s) > 253 {
		return errors.New("want an IP address or a host name of at most 253 characters")
	}
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			continue
		}
		return errors.New("want an IP address or a host name, without a port")
	}
	return nil
}

// splitHostPort takes HOST or HOST:PORT apart. Without a port, port is 0.
func splitHostPort(s string) (hostname string, port int, err error) {
	if checkHost(s) == nil {
		return BareHost(s), 0, nil
	}
	hostname, digits, err := net.SplitHostPort(s)
	if err == nil {
		err = checkHost(hostname)
	}
	n, numErr := strconv.ParseUint(digits, 10, 16)
	if err != nil || numErr != nil || n == 0 {
		return "", 0, errors.New("want HOST or HOST:PORT, like 203.0.113.7 or node.example:7946, with an IPv6 address in brackets")
	}
	return hostname, int(n), nil
}

// checkHosts accepts what SplitHosts splits into host names or *.
func checkHosts(s string) error {
	for _, h := range SplitHosts(s) {
		if h == "*" {
			continue
		}
		if err := checkHost(h); err != nil {
			return errors.New("want host names separated by commas or spaces, without ports, or *")
		}
	}
	return nil
}

func SplitHosts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// BareHost takes the brackets off an IPv6 address.
func BareHost(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}
