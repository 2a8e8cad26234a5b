package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/term"
)

// vars are what placeholders stand for.
type vars struct {
	text  map[string]string
	times map[string]time.Time
}

func newVars() vars { return vars{text: map[string]string{}, times: map[string]time.Time{}} }

// placeholder is a word in braces. JSON has quotes there.
func placeholder() *regexp.Regexp { return regexp.MustCompile(`\{([a-z][a-z_.]*)( [a-z ]+)?\}`) }

// The layouts of {time} and {texttime}.
const (
	jsonLayout = time.RFC3339Nano
	textLayout = "2006-01-02 15:04:05.999999999 -0700 MST"
)

// expand returns what a client sends. All of the request after an empty line is its body.
func (v *vars) expand(lines []string) ([]string, error) {
	var errs []error
	replace := func(line string, also map[string]string) string {
		return placeholder().ReplaceAllStringFunc(line, func(word string) string {
			name := strings.Trim(word, "{}")
			for _, m := range []map[string]string{also, v.text} {
				if value, ok := m[name]; ok {
					return value
				}
			}
			errs = append(errs, fmt.Errorf("nothing is known of %s", word))
			return word
		})
	}
	length := map[string]string{}
	out := make([]string, len(lines))
	for i := len(lines) - 1; i >= 0; i-- { // from the end, where the body is
		line, err := unquote(lines[i])
		errs = append(errs, err)
		out[i] = replace(line, length)
		if line == "" {
			length["length"] = strconv.Itoa(len(strings.Join(out[i+1:], "\r\n")))
		}
	}
	return out, errors.Join(errs...)
}

// match compares got with want, in which there are placeholders, and takes in what is new.
func (v *vars) match(want, got string) error {
	var pattern strings.Builder
	var names []string
	rest := want
	for {
		at := placeholder().FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		pattern.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		word := rest[at[2]:at[3]]
		name := ""
		if at[4] >= 0 {
			name = strings.TrimSpace(rest[at[4]:at[5]])
		}
		rest = rest[at[1]:]
		switch {
		case word == "any":
			pattern.WriteString(".*")
			continue
		case word == "time":
			pattern.WriteString(`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))`)
		case word == "texttime":
			pattern.WriteString(`(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4} \w+)`)
		case word == "token":
			pattern.WriteString(`([A-Za-z0-9+/]+={0,2})`)
		case v.text[word] != "":
			pattern.WriteString(regexp.QuoteMeta(v.text[word]))
			continue
		default:
			return fmt.Errorf("nothing is known of {%s}", word)
		}
		names = append(names, word+" "+name)
	}
	pattern.WriteString(regexp.QuoteMeta(rest))
	found := regexp.MustCompile("^" + pattern.String() + "$").FindStringSubmatch(got)
	if found == nil {
		return errors.New("another answer")
	}
	for i, name := range names {
		if err := v.take(name, found[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// take takes in what a placeholder was found to stand for.
func (v *vars) take(placeholder, value string) error {
	word, name, _ := strings.Cut(placeholder, " ")
	switch word {
	case "token":
		return v.takeToken(value)
	case "texttime":
		return v.takeTime(name, textLayout, value)
	default:
		return v.takeTime(name, jsonLayout, value)
	}
}

// takeTime compares a time with others of that name, and it must be one of now.
func (v *vars) takeTime(name, layout, value string) error {
	at, err := time.Parse(layout, value)
	if err != nil {
		return err
	}
	if since := time.Since(at); since < -time.Second || since > 10*time.Minute {
		return fmt.Errorf("the time %s is not of now", value)
	}
	if known, ok := v.times[name]; ok && !known.Equal(at) {
		return fmt.Errorf("the time %s of %q was %s", value, name, known)
	}
	if name != "" {
		v.times[name] = at
	}
	return nil
}

// takeToken takes in a token, which has to be the base64 of a JWT of owlcache.
func (v *vars) takeToken(value string) error {
	jwt, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return err
	}
	parts := bytes.Split(jwt, []byte("."))
	if len(parts) != 3 {
		return fmt.Errorf("%q is no JWT", jwt)
	}
	head, err := base64.RawURLEncoding.AppendDecode(nil, parts[0])
	if err != nil || !bytes.Contains(head, []byte(`"alg":"HS256"`)) {
		return fmt.Errorf("the head of the token is %q, %w", head, err)
	}
	claims, err := base64.RawURLEncoding.AppendDecode(nil, parts[1])
	for _, want := range []string{`"token_id":"`, `"exp":`, `"iss":"owlcache"`} {
		if err != nil || !bytes.Contains(claims, []byte(want)) {
			return fmt.Errorf("no %s in the claims %q, %w", want, claims, err)
		}
	}
	v.text["token"], v.text["jwt"] = value, string(jwt)
	v.text["token_url"] = base64.URLEncoding.EncodeToString(jwt)
	v.text["token_bare"] = base64.RawURLEncoding.EncodeToString(jwt)
	v.text["token_escaped"] = url.QueryEscape(value)
	return nil
}

// generalise puts placeholders for what is another time after time.
func (v *vars) generalise(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		for _, name := range []string{"token", "a.http", "a.tcp", "b.http", "b.tcp", "origin"} {
			if value := v.text[name]; value != "" {
				line = strings.ReplaceAll(line, value, "{"+name+"}")
			}
		}
		line = regexp.MustCompile(`"2\d{3}-\d\d-\d\dT[^"]*"`).ReplaceAllString(line, `"{time}"`)
		line = regexp.MustCompile(`^Keycreatetime: 2.*$`).ReplaceAllString(line, "Keycreatetime: {texttime}")
		out[i] = strings.Replace(line, "owlcache "+term.Version, "owlcache {version}", 1)
	}
	return out
}

// quote writes what cannot be printed, and backslashes, as unquote reads it. A line end in
// it is \n.
func quote(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' && c != '\t' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unquote reads what quote writes.
func unquote(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch {
		case strings.HasPrefix(s[i:], `\`):
			b.WriteByte('\\')
		case strings.HasPrefix(s[i:], "r"):
			b.WriteByte('\r')
		case strings.HasPrefix(s[i:], "n"):
			b.WriteByte('\n')
		case len(s) >= i+3 && s[i] == 'x':
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", err
			}
			b.WriteByte(byte(n))
			i += 2
		default:
			return "", fmt.Errorf("%q: want \\\\, \\r, \\n or \\xHH", s)
		}
	}
	return b.String(), nil
}

func TestTranscriptQuotes(t *testing.T) {
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	if got, err := unquote(quote(string(all))); err != nil || got != string(all) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestTranscriptMatch: the comparison finds what it is there to find.
func TestTranscriptMatch(t *testing.T) {
	now := time.Now().UTC()
	other := now.Add(time.Nanosecond).Format(jsonLayout)
	for _, tt := range []struct {
		want, got string
		ok        bool
	}{
		{"a {x} b", "a X b", true},
		{"a {x} b", "a Y b", false},
		{"a", "a\n", false},
		{"{any}", "", true},
		{"{any}", "a\nb", false},
		{"{time k} {texttime k}", now.Format(jsonLayout) + " " + now.Format(textLayout), true},
		{"{time k}", other, false},
		{"{time l}", other, true},
		{"{time}", "0001-01-01T00:00:00Z", false},
		{"{nothing}", "{nothing}", false},
		{`{"Key":"k"}`, `{"Key":"k"}`, true},
		{"{token}", base64.StdEncoding.EncodeToString([]byte("a.b.c")), false},
	} {
		v := newVars()
		v.text["x"], v.times["k"] = "X", now
		if err := v.match(tt.want, tt.got); err == nil != tt.ok {
			t.Errorf("%q, %q: %v", tt.want, tt.got, err)
		}
	}
}
