package urlcache

import (
	"strings"
	"testing"
)

func FuzzEasyKey(f *testing.F) {
	for _, target := range []string{"/a", "/a?", "/a?token=s", "/a?b&owl_token=s&token=t", "/a?%74oken=s&&", "?", "/a?%zz=token&token=%"} {
		f.Add([]byte(target))
	}
	f.Fuzz(func(t *testing.T, target []byte) {
		sent := string(target)
		key, token, owlToken := easyKey(target)
		if string(target) != sent {
			t.Error("the request has changed")
		}
		if len(key) > len(target) || owlToken != nil && token != nil {
			t.Errorf("%q: %q, %q, %q", target, key, token, owlToken)
		}
		again, token, owlToken := easyKey(key)
		if len(owlToken) > 0 || token != nil && !strings.Contains(sent, "wl") && !strings.Contains(sent, "%") {
			t.Errorf("%q: %q still holds tokens %q, %q; %q", target, key, token, owlToken, again)
		}
	})
}
