package access

import (
	"strings"
	"testing"
)

func TestCheckOrigins(t *testing.T) {
	for _, tt := range []struct {
		list []string
		ok   bool
	}{
		{nil, true},
		{[]string{"*"}, true},
		{[]string{"http://a.example", "https://a.example:8443", "http://10.0.0.1:80", "http://[::1]"}, true},
		{[]string{"capacitor://localhost", "chrome-extension://abcdef"}, true},
		{[]string{"*", "http://a.example"}, false},
		{[]string{"a.example"}, false},
		{[]string{"//a.example"}, false},
		{[]string{"null"}, false},
		{[]string{""}, false},
		{[]string{"http://"}, false},
		{[]string{"http://:80"}, false},
		{[]string{"http://a.example/"}, false},
		{[]string{"http://a.example/page"}, false},
		{[]string{"http://a.example?"}, false},
		{[]string{"http://a.example#"}, false},
		{[]string{"http://user@a.example"}, false},
		{[]string{"http://a.example:"}, false},
		{[]string{"http://a.example:http"}, false},
		{[]string{"https://*.a.example"}, false},
		{[]string{"https://bücher.example"}, false},
		{[]string{"http://a.example\r\nX: y"}, false},
	} {
		if err := CheckOrigins(tt.list); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.list, err)
		}
	}
}

// What is accepted as an origin has one form, in which it is accepted and allowed again.
func FuzzCheckOrigins(f *testing.F) {
	for _, s := range []string{"*", "https://a.example", "HTTP://A.example:80", "http://[::1]:8080", "null", "https://a.example/", "capacitor://localhost", "http://a:b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckOrigins([]string{s}) != nil || s == "*" {
			return
		}
		sent, err := browserOrigin(s)
		if err != nil || CheckOrigins([]string{sent}) != nil || strings.ContainsAny(sent, " \r\n*,%?#@") {
			t.Fatalf("%q is accepted and becomes %q, %v", s, sent, err)
		}
		if again, err := browserOrigin(sent); err != nil || again != sent {
			t.Fatalf("%q becomes %q and then %q, %v", s, sent, again, err)
		}
		if c := newOrigins([]string{s}); !c.Allow([]byte(sent)) || c.Allow([]byte(sent+"x")) || c.Allow(nil) {
			t.Fatalf("%q: %q", s, sent)
		}
	})
}
