package api

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var (
	home  = netip.MustParseAddr("127.0.0.1")
	other = netip.MustParseAddr("127.0.0.2")
)

// sign makes a token with claims of the test's choice.
func sign(t *testing.T, method jwt.SigningMethod, secret any, c jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(method, c).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// claimsOf returns the claims of a token, unverified.
func claimsOf(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	var c jwt.MapClaims
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// with returns a copy of c in which name is value, or is missing.
func with(c jwt.MapClaims, name string, value any) jwt.MapClaims {
	m := jwt.MapClaims{}
	for k, v := range c {
		m[k] = v
	}
	m[name] = value
	if value == nil {
		delete(m, name)
	}
	return m
}

// badTokens returns what looks more or less like good, a token of testSecret, and must
// not be taken for one.
func badTokens(t *testing.T, good string) map[string]string {
	t.Helper()
	c := claimsOf(t, good)
	parts := strings.Split(good, ".")
	hs256 := jwt.SigningMethodHS256
	foreign := []byte("ffffffffffffffffffffffffffffffff")
	unsigned := func(alg string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + parts[1] + "."
	}
	id := c["token_id"].(string)

	return map[string]string{
		"none at all":          "",
		"garbage":              "garbage",
		"bad base64":           "!!!!",
		"base64 of garbage":    b64("garbage"),
		"no signature":         parts[0] + "." + parts[1] + ".",
		"cut off":              good[:len(good)-1],
		"other signature":      parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"tampered claims":      parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"owlcache","exp":4102444800}`)) + "." + parts[2],
		"alg none":             unsigned("none"),
		"alg None":             unsigned("None"),
		"alg none, signed":     unsigned("none") + parts[2],
		"no alg":               unsigned(""),
		"alg HS384":            sign(t, jwt.SigningMethodHS384, testSecret, c),
		"foreign secret":       sign(t, hs256, foreign, c),
		"default secret":       sign(t, hs256, []byte("hello_owlcache"), c),
		"expired":              sign(t, hs256, testSecret, with(c, "exp", time.Now().Add(-time.Minute).Unix())),
		"without exp":          sign(t, hs256, testSecret, with(c, "exp", nil)),
		"other issuer":         sign(t, hs256, testSecret, with(c, "iss", "somebody")),
		"without issuer":       sign(t, hs256, testSecret, with(c, "iss", nil)),
		"without id":           sign(t, hs256, testSecret, with(c, "token_id", nil)),
		"short id":             sign(t, hs256, testSecret, with(c, "token_id", id[:32])),
		"id bound to nobody":   sign(t, hs256, testSecret, with(c, "token_id", id[:32]+strings.Repeat("0", 32))),
		"id not hexadecimal":   sign(t, hs256, testSecret, with(c, "token_id", strings.Repeat("z", 64))),
		"oversized":            good + strings.Repeat("A", maxToken),
		"base64 of base64":     b64(b64(good)),
		"the password instead": testPassword,
	}
}

func TestTokenIsRefused(t *testing.T) {
	n := start(t, nil)
	good := n.token()
	for name, token := range badTokens(t, good) {
		for range 2 { // the second time past any memory of the first
			a := n.post("cmd", "set", "key", "k", "valuedata", "v", "token", token)
			if a.status != 401 || a.envelope(t).Results != "NOT_PASS" {
				t.Errorf("%s: status %d, %s", name, a.status, a.body)
			}
		}
	}
	if n.store.writes() != 0 {
		t.Errorf("%d writes", n.store.writes())
	}
	if a := n.post("cmd", "set", "key", "k", "token", sign(t, jwt.SigningMethodHS256, testSecret, claimsOf(t, good))); a.status != 200 {
		t.Errorf("the test's way to sign does not give good tokens: status %d", a.status)
	}
}

func TestTokenWays(t *testing.T) {
	n := start(t, nil)
	// Plus signs in base64 need two specials in a row; look for a token that has one.
	token := n.token()
	for range 1000 {
		if strings.ContainsAny(b64(token), "+") {
			break
		}
		token = n.token()
	}
	bearer := n.request("POST", "/data/?cmd=set&key=k", "", "")
	bearer.Header.Set("Authorization", "Bearer "+token)
	basic := n.request("POST", "/data/?cmd=set&key=k", "", "")
	basic.Header.Set("Authorization", "Basic "+token)
	both := n.request("GET", "/data/?cmd=set&key=k&token=other&owl_token="+token, "", "")
	wrong := n.request("GET", "/data/?cmd=set&key=k&owl_token=other&token="+token, "", "")
	for _, tt := range []struct {
		name   string
		req    *http.Request
		status int
	}{
		{"bearer", bearer, 200},
		{"basic", basic, 401},
		{"owl_token wins", both, 200},
		{"owl_token wins though wrong", wrong, 401},
		{"unescaped base64 in a URL", n.request("GET", "/data/?cmd=set&key=k&token="+b64(token), "", ""), 200},
		{"unescaped base64 in a form", n.request("POST", "/data/", formType, "cmd=set&key=k&token="+b64(token)), 200},
	} {
		if a := n.do(tt.req); a.status != tt.status {
			t.Errorf("%s: status %d, want %d", tt.name, a.status, tt.status)
		}
	}
}

func TestTokenOfOtherAddress(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	if a := n.post("cmd", "set", "key", "k", "token", token); a.status != 200 {
		t.Fatalf("from home: status %d", a.status)
	}
	elsewhere := *n
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	elsewhere.client = &http.Client{Transport: transport}
	if a := elsewhere.post("cmd", "set", "key", "k", "token", token); a.status != 401 {
		t.Errorf("from elsewhere: status %d", a.status)
	}
	if a := elsewhere.post("cmd", "set", "key", "k", "token", elsewhere.token()); a.status != 200 {
		t.Errorf("from elsewhere with a token of its own: status %d", a.status)
	}
}

func TestTokenSurvivesRestart(t *testing.T) {
	issue := func() string { return start(t, nil).token() }
	if a := start(t, nil).post("cmd", "set", "key", "k", "token", issue()); a.status != 200 {
		t.Errorf("status %d", a.status)
	}
}

func TestTokenExpires(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	ts := newTokens(testSecret, 1500*time.Millisecond, clock)
	token, err := ts.issue(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		good  bool
	}{{0, true}, {1500 * time.Millisecond, true}, {3 * time.Second, false}, {0, true}} {
		mu.Lock()
		now = time.Unix(1_800_000_000, 0).Add(step.after)
		mu.Unlock()
		if got := ts.valid(token, home); got != step.good { // the cache obeys the end too
			t.Errorf("after %v: %v", step.after, got)
		}
	}
}

func TestTokenWithoutLifetime(t *testing.T) {
	n := start(t, nil)
	end := int64(claimsOf(t, n.token())["exp"].(float64))
	if years := time.Until(time.Unix(end, 0)).Hours() / 24 / 365; years < 99 {
		t.Errorf("ends in %.1f years", years)
	}
}

func TestTokenAddressForms(t *testing.T) {
	ts := newTokens(testSecret, 0, time.Now)
	mapped := peerOf(&net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1")})
	linkLocal := peerOf(&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"})
	if mapped != home || linkLocal != netip.MustParseAddr("fe80::1") {
		t.Fatalf("peers %v and %v", mapped, linkLocal)
	}
	token, err := ts.issue(mapped)
	if err != nil {
		t.Fatal(err)
	}
	if !ts.valid(token, home) || ts.valid(token, other) || ts.valid(token, netip.Addr{}) {
		t.Error("the token is not bound to the one address")
	}
	if !ts.verified.has(token, home, 0) || ts.verified.has(token, other, 0) {
		t.Error("the memory of verified tokens is not bound to the one address")
	}
}

func TestTokenCacheIsBounded(t *testing.T) {
	c := newTokenCache(10)
	for i := range 1000 {
		c.add(fmt.Sprint(i), home, 100, 50)
	}
	if len(c.m) != 10 || !c.has([]byte("999"), home, 50) {
		t.Errorf("%d tokens, the last one there: %v", len(c.m), c.has([]byte("999"), home, 50))
	}
	if c.has([]byte("999"), home, 100) {
		t.Error("a token is remembered beyond its end")
	}
}

func TestVerifiedTokenCostsNoAllocation(t *testing.T) {
	ts := newTokens(testSecret, 0, time.Now)
	token, err := ts.issue(home)
	if err != nil {
		t.Fatal(err)
	}
	ts.valid(token, home)
	if n := testing.AllocsPerRun(100, func() { ts.valid(token, home) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzToken: whatever is sent, only what the server signed for the address is good.
func FuzzToken(f *testing.F) {
	ts := newTokens(testSecret, 0, func() time.Time { return time.Unix(1_800_000_000, 0) })
	// The same token in each of the processes that fuzzing starts.
	nonce := make([]byte, nonceSize)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"token_id": hex.EncodeToString(append(nonce, ts.bind(nonce, home)...)), "iss": tokenIssuer, "exp": 1_900_000_000,
	}).SignedString(testSecret)
	if err != nil {
		f.Fatal(err)
	}
	if !ts.valid([]byte(token), home) {
		f.Fatal("the token is not good")
	}
	for _, s := range []string{"", "a.b.c", token, b64(token), token + "=", "-_", "====", " + "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		sent = restorePlus(sent)
		if ts.valid(sent, other) {
			t.Fatalf("%q is good for another address", sent)
		}
		if ts.valid(sent, home) && string(decodeToken(sent)) != token {
			t.Fatalf("%q is good", sent)
		}
	})
}

// FuzzTokenForms: whatever a token is, each form of its base64 stands for it.
func FuzzTokenForms(f *testing.F) {
	for _, s := range []string{"a.b.c", "\xfb\xff\xfe", "x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			sent := encoding.AppendEncode(nil, token)
			if got := decodeToken(restorePlus(sent)); !bytes.Equal(got, token) {
				t.Fatalf("%q stands for %q, want %q", sent, got, token)
			}
			// A plus sign that was not escaped in a URL comes as a space.
			spaced := bytes.ReplaceAll(sent, []byte("+"), []byte(" "))
			if got := decodeToken(restorePlus(spaced)); !bytes.Equal(got, token) {
				t.Fatalf("%q stands for %q, want %q", spaced, got, token)
			}
		}
	})
}
