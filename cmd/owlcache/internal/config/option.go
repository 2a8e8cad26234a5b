package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"
)

// The longest times that are accepted. Both are far beyond any use and keep
// arithmetic on durations away from overflow.
const (
	maxMinutes = 525600     // a year
	maxSeconds = 3153600000 // a hundred years
)

// Option describes one option of the configuration.
type Option struct {
	Name     string
	Default  string // as it would be written in the file
	Help     string // one line
	Secret   bool   // its value is never printed
	Obsolete bool   // it has no effect, and older files have it
	kind
}

// read checks a text and returns what sets the field to it. The error says only what is wanted.
func (o *Option) read(text string) (set func(), err error) {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return nil, errors.New("want text without control characters")
	}
	return o.parse(text)
}

func (o *Option) env() string { return envPrefix + strings.ToUpper(o.Name) }

// shown returns a value as it may be printed: secrets are masked, and nothing can steer a terminal.
func (o *Option) shown(s string) string {
	switch {
	case o.Secret && s != "":
		return "********"
	case strings.ContainsFunc(s, unicode.IsControl):
		return strconv.Quote(s)
	}
	return s
}

// assignment returns how a value is given, for a message about it.
func (o *Option) assignment(value string) string {
	if o.Secret {
		return o.Name
	}
	return o.Name + " " + o.shown(value)
}

// kind is how the text of an option is read into a field.
type kind struct {
	field     any // pointer to it
	parse     func(text string) (set func(), err error)
	Unit      string // of a number: s, ms or min
	Values    string // that are accepted, for documents: "0 to 65535 s"; "" if that takes more words
	low, high int64  // of a number or size
}

// into returns the kind that stores what parse returns in field.
func into[T any](field *T, parse func(string) (T, error)) kind {
	return kind{field: field, parse: func(text string) (func(), error) {
		v, err := parse(text)
		return func() { *field = v }, err
	}}
}

// text is any printable text.
func text(field *string) kind { return checked(field, func(string) error { return nil }) }

// checked is a text that check accepts.
func checked(field *string, check func(string) error) kind {
	return into(field, func(s string) (string, error) { return s, check(s) })
}

func path(field *string) kind {
	return into(field, func(s string) (string, error) { return filepath.Clean(s), nil })
}

// host is an IP address or a host name. The field has no brackets.
func host(field *string) kind {
	return into(field, func(s string) (string, error) { return BareHost(s), checkHost(s) })
}

// list is what split makes of a text, if check accepts each.
func list(field *[]string, split func(string) []string, check func([]string) error) kind {
	return into(field, func(s string) ([]string, error) {
		items := split(s)
		return items, check(items)
	})
}

func address(field *net.IP) kind {
	return into(field, func(s string) (net.IP, error) {
		ip := net.ParseIP(BareHost(s))
		if ip == nil {
			return nil, errors.New("want an IP address")
		}
		return ip, nil
	})
}

func toggle(field *bool) kind {
	return into(field, func(s string) (bool, error) {
		if s != "0" && s != "1" {
			return false, errors.New("want 0 (off) or 1 (on)")
		}
		return s == "1", nil
	})
}

func choice(field *string, words ...string) kind {
	k := checked(field, func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("want %s", strings.Join(words, " or "))
		}
		return nil
	})
	k.Values = "`" + strings.Join(words, "`, `") + "`"
	return k
}

func number(field *int, low, high int64) kind {
	k := into(field, func(s string) (int, error) {
		n, err := wholeNumber(s, low, high, "")
		return int(n), err
	})
	return k.between(low, high, "")
}

// span is a time as a whole number of units.
func span(field *time.Duration, unit string, low, high int64) kind {
	factor := map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "min": time.Minute}[unit]
	k := into(field, func(s string) (time.Duration, error) {
		n, err := wholeNumber(s, low, high, " ("+unit+")")
		return time.Duration(n) * factor, err
	})
	return k.between(low, high, unit)
}

func (k kind) between(low, high int64, unit string) kind {
	k.low, k.high, k.Unit = low, high, unit
	k.Values = strings.TrimSpace(fmt.Sprintf("%d to %d %s", low, high, unit))
	return k
}

func wholeNumber(s string, low, high int64, suffix string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("want a whole number from %d to %d%s", low, high, suffix)
	}
	return n, nil
}

// size is a number of bytes, with or without a unit: 1048576, 1MiB.
func size[T int | int64](field *T, low, high int64) kind {
	k := into(field, func(s string) (T, error) {
		n, err := humanize.ParseBytes(s)
		if err != nil || n > math.MaxInt64 || int64(n) < low || int64(n) > high {
			return 0, fmt.Errorf("want a size from %s to %s, like 1048576 or 1MiB", FormatSize(low), FormatSize(high))
		}
		return T(n), nil
	})
	k.low, k.high, k.Values = low, high, FormatSize(low)+" to "+FormatSize(high)
	return k
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
