package access_test

import (
	"net"
	"net/http"
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestTokenIsRefused(t *testing.T) {
	n := apitest.Start(t, nil)
	good := n.Token()
	for name, token := range apitest.BadTokens(t, good) {
		for range 2 { // the second time past any memory of the first
			a := n.Post("cmd", "set", "key", "k", "valuedata", "v", "token", token)
			if a.Status != 401 || a.Envelope(t).Results != "NOT_PASS" {
				t.Errorf("%s: status %d, %s", name, a.Status, a.Body)
			}
		}
	}
	if n.Store.Writes() != 0 {
		t.Errorf("%d writes", n.Store.Writes())
	}
	if a := n.Post("cmd", "set", "key", "k", "token", apitest.Sign(t, jwt.SigningMethodHS256, apitest.Secret(), apitest.ClaimsOf(t, good))); a.Status != 200 {
		t.Errorf("the test's way to sign does not give good tokens: status %d", a.Status)
	}
}

func TestTokenWays(t *testing.T) {
	n := apitest.Start(t, nil)
	// Plus signs in base64 need two specials in a row; look for a token that has one.
	token := n.Token()
	for range 1000 {
		if strings.ContainsAny(apitest.B64(token), "+") {
			break
		}
		token = n.Token()
	}
	bearer := n.Request("POST", "/data/?cmd=set&key=k", "", "")
	bearer.Header.Set("Authorization", "Bearer "+token)
	basic := n.Request("POST", "/data/?cmd=set&key=k", "", "")
	basic.Header.Set("Authorization", "Basic "+token)
	both := n.Request("GET", "/data/?cmd=set&key=k&token=other&owl_token="+token, "", "")
	wrong := n.Request("GET", "/data/?cmd=set&key=k&owl_token=other&token="+token, "", "")
	for _, tt := range []struct {
		name   string
		req    *http.Request
		status int
	}{
		{"bearer", bearer, 200},
		{"basic", basic, 401},
		{"owl_token wins", both, 200},
		{"owl_token wins though wrong", wrong, 401},
		{"unescaped base64 in a URL", n.Request("GET", "/data/?cmd=set&key=k&token="+apitest.B64(token), "", ""), 200},
		{"unescaped base64 in a form", n.Request("POST", "/data/", apitest.FormType, "cmd=set&key=k&token="+apitest.B64(token)), 200},
	} {
		if a := n.Do(tt.req); a.Status != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, a.Status, tt.status)
		}
	}
}

func TestTokenOfOtherAddress(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	if a := n.Post("cmd", "set", "key", "k", "token", token); a.Status != 200 {
		t.Fatalf("from home: status %d", a.Status)
	}
	elsewhere := *n
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	elsewhere.Client = &http.Client{Transport: transport}
	if a := elsewhere.Post("cmd", "set", "key", "k", "token", token); a.Status != 401 {
		t.Errorf("from elsewhere: status %d", a.Status)
	}
	if a := elsewhere.Post("cmd", "set", "key", "k", "token", elsewhere.Token()); a.Status != 200 {
		t.Errorf("from elsewhere with a token of its own: status %d", a.Status)
	}
}

func TestTokenSurvivesRestart(t *testing.T) {
	issue := func() string { return apitest.Start(t, nil).Token() }
	if a := apitest.Start(t, nil).Post("cmd", "set", "key", "k", "token", issue()); a.Status != 200 {
		t.Errorf("status %d", a.Status)
	}
}

func TestTokenWithoutLifetime(t *testing.T) {
	n := apitest.Start(t, nil)
	end := int64(apitest.ClaimsOf(t, n.Token())["exp"].(float64))
	if years := time.Until(time.Unix(end, 0)).Hours() / 24 / 365; years < 99 {
		t.Errorf("ends in %.1f years", years)
	}
}
