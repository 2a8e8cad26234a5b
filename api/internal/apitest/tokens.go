package apitest

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Sign makes a token with claims of the test's choice.
func Sign(t *testing.T, method jwt.SigningMethod, secret any, c jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(method, c).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ClaimsOf returns the claims of a token, unverified.
func ClaimsOf(t *testing.T, token string) jwt.MapClaims {
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

// BadTokens returns what looks more or less like good, a token of Secret(), and must
// not be taken for one.
func BadTokens(t *testing.T, good string) map[string]string {
	t.Helper()
	c := ClaimsOf(t, good)
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
		"base64 of garbage":    B64("garbage"),
		"no signature":         parts[0] + "." + parts[1] + ".",
		"cut off":              good[:len(good)-1],
		"other signature":      parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"tampered claims":      parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"owlcache","exp":4102444800}`)) + "." + parts[2],
		"alg none":             unsigned("none"),
		"alg None":             unsigned("None"),
		"alg none, signed":     unsigned("none") + parts[2],
		"no alg":               unsigned(""),
		"alg HS384":            Sign(t, jwt.SigningMethodHS384, Secret(), c),
		"foreign secret":       Sign(t, hs256, foreign, c),
		"default secret":       Sign(t, hs256, []byte("hello_owlcache"), c),
		"expired":              Sign(t, hs256, Secret(), with(c, "exp", time.Now().Add(-time.Minute).Unix())),
		"without exp":          Sign(t, hs256, Secret(), with(c, "exp", nil)),
		"other issuer":         Sign(t, hs256, Secret(), with(c, "iss", "somebody")),
		"without issuer":       Sign(t, hs256, Secret(), with(c, "iss", nil)),
		"without id":           Sign(t, hs256, Secret(), with(c, "token_id", nil)),
		"short id":             Sign(t, hs256, Secret(), with(c, "token_id", id[:32])),
		"id bound to nobody":   Sign(t, hs256, Secret(), with(c, "token_id", id[:32]+strings.Repeat("0", 32))),
		"id not hexadecimal":   Sign(t, hs256, Secret(), with(c, "token_id", strings.Repeat("z", 64))),
		"oversized":            good + strings.Repeat("A", 4<<10),
		"base64 of base64":     B64(B64(good)),
		"the password instead": Password,
	}
}
