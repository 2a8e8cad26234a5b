package access

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"owlcache/api/internal/conn"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var (
	testSecret = []byte("0123456789abcdef0123456789abcdef")

	home  = netip.MustParseAddr("127.0.0.1")
	other = netip.MustParseAddr("127.0.0.2")
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestTokenExpires(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	ts := newTokens(testSecret, 1500*time.Millisecond, clock)
	token, err := ts.Issue(home)
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
		if got := ts.Valid(token, home); got != step.good { // the cache obeys the end too
			t.Errorf("after %v: %v", step.after, got)
		}
	}
}

func TestTokenAddressForms(t *testing.T) {
	ts := newTokens(testSecret, 0, time.Now)
	mapped := conn.PeerOf(&net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1")})
	linkLocal := conn.PeerOf(&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"})
	if mapped != home || linkLocal != netip.MustParseAddr("fe80::1") {
		t.Fatalf("peers %v and %v", mapped, linkLocal)
	}
	token, err := ts.Issue(mapped)
	if err != nil {
		t.Fatal(err)
	}
	if !ts.Valid(token, home) || ts.Valid(token, other) || ts.Valid(token, netip.Addr{}) {
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
	token, err := ts.Issue(home)
	if err != nil {
		t.Fatal(err)
	}
	ts.Valid(token, home)
	if n := testing.AllocsPerRun(100, func() { ts.Valid(token, home) }); n != 0 {
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
	if !ts.Valid([]byte(token), home) {
		f.Fatal("the token is not good")
	}
	for _, s := range []string{"", "a.b.c", token, b64(token), token + "=", "-_", "====", " + "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		sent = restorePlus(sent)
		if ts.Valid(sent, other) {
			t.Fatalf("%q is good for another address", sent)
		}
		if ts.Valid(sent, home) && string(decodeToken(sent)) != token {
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
