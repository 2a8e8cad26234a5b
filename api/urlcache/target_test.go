package urlcache

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestTarget(t *testing.T) {
	plain := mustSites(t, site("http://origin.test:8000"))[0]
	prefixed := mustSites(t, site("https://origin.test/app/v1/"))[0]
	for _, tt := range []struct {
		site      *Site
		key, want string
	}{
		{&plain, "/", "http://origin.test:8000/"},
		{&plain, "/a/b.html", "http://origin.test:8000/a/b.html"},
		{&plain, "/a//b/", "http://origin.test:8000/a//b/"},
		{&plain, "/a?x=1&y=2", "http://origin.test:8000/a?x=1&y=2"},
		{&plain, "/a?", "http://origin.test:8000/a?"},
		{&plain, "/a?x?y", "http://origin.test:8000/a?x?y"},
		{&plain, "/a?x=/../b", "http://origin.test:8000/a?x=/../b"},
		{&plain, "/a?x=%0a%5c", "http://origin.test:8000/a?x=%0a%5c"},
		{&plain, "/a b", "http://origin.test:8000/a%20b"},
		{&plain, "/a%20b", "http://origin.test:8000/a%20b"},
		{&plain, "/100%25", "http://origin.test:8000/100%25"},
		{&plain, "/100%2525", "http://origin.test:8000/100%2525"},
		{&plain, "/100%25zz/%25", "http://origin.test:8000/100%25zz/%25"},
		{&plain, "/ü", "http://origin.test:8000/%C3%BC"},
		{&plain, "/\xff", "http://origin.test:8000/%FF"},
		{&plain, `/"<>^{|}` + "`", "http://origin.test:8000/%22%3C%3E%5E%7B%7C%7D%60"},
		{&plain, "/@scope/p", "http://origin.test:8000/%40scope/p"},
		{&plain, "/a?m=x@y", "http://origin.test:8000/a?m=x%40y"},
		{&plain, "/...", "http://origin.test:8000/..."},
		{&plain, "/.a/..b", "http://origin.test:8000/.a/..b"},
		{&plain, "/a;b=1,c", "http://origin.test:8000/a;b=1,c"},
		{&plain, "/a%2Fb", "http://origin.test:8000/a%2Fb"},
		{&plain, "/[1]", "http://origin.test:8000/[1]"},
		{&plain, "/:80/http://evil.test/", "http://origin.test:8000/:80/http://evil.test/"},
		{&prefixed, "/", "https://origin.test/app/v1/"},
		{&prefixed, "/x?y", "https://origin.test/app/v1/x?y"},
	} {
		u, err := tt.site.target(tt.key)
		if err != nil || u.String() != tt.want {
			t.Errorf("%q: %v, %v; want %s", tt.key, u, err, tt.want)
		}
	}
}

func TestTargetRefuses(t *testing.T) {
	s := mustSites(t, site("http://origin.test/app"))[0]
	for key, want := range map[string]error{
		"": errKeySlash, "a": errKeySlash, "?x": errKeySlash, "*": errKeySlash,
		"/a#b": errKeyFragment, "/a?b#c": errKeyFragment,
		"/%": errKeyEscape, "/%2": errKeyEscape, "/%zz": errKeyEscape, "/a?%": errKeyEscape,
		"/a\x00b": errKeyByte, "/a?\x1f": errKeyByte, "/a?\\": errKeyByte, "/%7f": errKeyByte, "/%2500": errKeyByte,
		"/.": errKeyDots, "/..": errKeyDots, "/a/..": errKeyDots, "/a/./b": errKeyDots, "/%2e": errKeyDots, "/.%2E/": errKeyDots,
		"/a%2f..%2fb": errKeyDots, "/%25252e%25252e/": errKeyDots, "/..;x/": errKeyDots, "/..%3bx/": errKeyDots,
		"/%25zz/%252e%252e/admin": errKeyDots, "/%25/%252e%252e%252fadmin": errKeyDots, "/100%25/%252e%252e/admin": errKeyDots, "/%2525zz/%25252e%25252e/": errKeyDots,
		"/%25/%255c..": errKeyByte, "/%25/%250d%250aX": errKeyByte, "/..%3fx": errKeyDots, "/a/..%23/": errKeyDots,
		"/%25252525252525252525": errKeyDeep,
	} {
		if u, err := s.target(key); !errors.Is(err, want) {
			t.Errorf("%q: %v, %v; want %v", key, u, err, want)
		}
	}
}

// FuzzTarget: whatever the key, the request goes to the site's origin and below its path.
func FuzzTarget(f *testing.F) {
	for _, key := range []string{"/", "//evil", "/%2e%2e/x", "@evil/", "/\\evil", "/a?b=c#d", "/%252e%252e/", "/..;/", "/a%00", "/ü ?\xff"} {
		f.Add(key)
	}
	s := mustSites(f, site("https://origin.test:8443/app"))[0]
	f.Fuzz(func(t *testing.T, key string) {
		u, err := s.target(key)
		if err != nil {
			return
		}
		if !strings.HasPrefix(u.String(), "https://origin.test:8443/app/") || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q: %s", key, u)
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != "origin.test:8443" || again.User != nil || again.RequestURI() != u.RequestURI() {
			t.Fatalf("%q: %s is read as %#v, %v", key, u, again, err)
		}
		if clean := u.JoinPath("x"); !strings.HasPrefix(clean.Path, "/app/") {
			t.Errorf("%q: %s", key, clean)
		}
		if strings.ContainsAny(u.RequestURI(), " \\\r\n\t@#\x00") {
			t.Errorf("%q: %q", key, u.RequestURI())
		}
	})
}
