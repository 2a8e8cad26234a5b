package access

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	tokenIssuer = "owlcache"
	noExpiry    = 100 * 365 * 24 * time.Hour // a token always says when it ends
	maxToken    = 4 << 10                    // bytes, as sent

	nonceSize = 16 // bytes of chance in a token_id
	bindSize  = 16 // bytes of the MAC in a token_id that binds it to an address
)

// errBadToken does not say why.
var errBadToken = errors.New("bad token")

// claims of a token. Its id is random bytes and a MAC over these and the client's IP address, both in
// hexadecimal: the token is bound to the address, also over a restart, and nothing is remembered.
type claims struct {
	TokenID string `json:"token_id"`
	jwt.RegisteredClaims
}

type tokens struct {
	secret   []byte
	bindKey  []byte
	lifetime time.Duration
	now      func() time.Time
	parser   *jwt.Parser
	signed   *jwt.Parser // looks at the signature alone
	verified *tokenCache
}

func newTokens(secret []byte, lifetime time.Duration, now func() time.Time) *tokens {
	derive := hmac.New(sha256.New, secret)
	derive.Write([]byte("owlcache: binding of tokens to addresses"))
	if lifetime == 0 {
		lifetime = noExpiry
	}
	return &tokens{
		secret:   secret,
		bindKey:  derive.Sum(nil),
		lifetime: lifetime,
		now:      now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithExpirationRequired(),
			jwt.WithIssuer(tokenIssuer),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(now),
		),
		signed:   jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation()),
		verified: newTokenCache(maxVerified),
	}
}

// Issue returns a new token for a client at peer.
func (t *tokens) Issue(peer netip.Addr) ([]byte, error) {
	id := make([]byte, nonceSize, nonceSize+sha256.Size)
	_, _ = rand.Read(id) // never fails
	id = append(id, t.bind(id, peer)...)
	// A token's times are whole seconds; rounding up keeps a short lifetime from being none.
	end := t.now().Add(t.lifetime + time.Second - 1)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		TokenID: hex.EncodeToString(id),
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    tokenIssuer,
			ExpiresAt: jwt.NewNumericDate(end),
		},
	}).SignedString(t.secret)
	return []byte(signed), err
}

func (t *tokens) bind(nonce []byte, peer netip.Addr) []byte {
	addr := peer.As16()
	mac := hmac.New(sha256.New, t.bindKey)
	mac.Write(nonce)
	mac.Write(addr[:])
	return mac.Sum(nil)[:bindSize]
}

// Valid tells whether sent, a token or its base64, is good for a client at peer.
func (t *tokens) Valid(sent []byte, peer netip.Addr) bool {
	sent = restorePlus(sent)
	if len(sent) == 0 || len(sent) > maxToken || !peer.IsValid() {
		return false
	}
	now := t.now().Unix()
	if t.verified.has(sent, peer, now) {
		return true
	}
	end, err := t.verify(decodeToken(sent), peer)
	if err != nil {
		return false
	}
	t.verified.add(string(sent), peer, end, now)
	return true
}

// verify returns when the token ends, in Unix seconds.
func (t *tokens) verify(token []byte, peer netip.Addr) (end int64, err error) {
	var c claims
	if _, err := t.parser.ParseWithClaims(string(token), &c, func(*jwt.Token) (any, error) { return t.secret, nil }); err != nil {
		return 0, errBadToken
	}
	id, err := hex.DecodeString(c.TokenID)
	if err != nil || len(id) != nonceSize+bindSize {
		return 0, errBadToken
	}
	if subtle.ConstantTimeCompare(id[nonceSize:], t.bind(id[:nonceSize], peer)) != 1 {
		return 0, errBadToken
	}
	return c.ExpiresAt.Unix(), nil
}

// Signed tells whether sent is a token of this node, whoever it is good for and until when.
func (t *tokens) Signed(sent []byte) bool {
	if len(sent) == 0 || len(sent) > maxToken {
		return false
	}
	token := string(decodeToken(sent))
	if strings.Count(token, ".") != 2 {
		return false
	}
	_, err := t.signed.Parse(token, func(*jwt.Token) (any, error) { return t.secret, nil })
	return err == nil
}

// maxVerified tokens of 300 bytes are a few megabytes.
const maxVerified = 8192

// tokenCache spares a write the parsing and two MACs. Only tokens that this server signed get in.
type tokenCache struct {
	max int

	mu sync.RWMutex // protects m
	m  map[string]verifiedToken
}

// verifiedToken is for whom and until when (Unix seconds, exclusive) a token is good.
type verifiedToken struct {
	peer netip.Addr
	end  int64
}

func newTokenCache(size int) *tokenCache {
	return &tokenCache{max: size, m: map[string]verifiedToken{}}
}

func (c *tokenCache) has(token []byte, peer netip.Addr, now int64) bool {
	c.mu.RLock()
	v, ok := c.m[string(token)]
	c.mu.RUnlock()
	return ok && v.peer == peer && now < v.end
}

func (c *tokenCache) add(token string, peer netip.Addr, end, now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= c.max {
		evict(c.m, func(v verifiedToken) int { return int(max(v.end-now, 0)) })
	}
	c.m[token] = verifiedToken{peer: peer, end: end}
}

// Bearer returns the token of an Authorization header of that scheme.
func Bearer(header []byte) []byte {
	scheme, token, ok := bytes.Cut(header, []byte(" "))
	if !ok || !bytes.EqualFold(scheme, []byte("Bearer")) {
		return nil
	}
	return bytes.TrimSpace(token)
}

// restorePlus undoes, in place, what an unescaped plus sign of base64 becomes in a URL.
func restorePlus(token []byte) []byte {
	for i := bytes.IndexByte(token, ' '); i >= 0 && i < len(token); i++ {
		if token[i] == ' ' {
			token[i] = '+'
		}
	}
	return token
}

// decodeToken returns the JWT that sent is, or is the base64 of. A JWT has dots, which base64 has not.
func decodeToken(sent []byte) []byte {
	if bytes.IndexByte(sent, '.') >= 0 {
		return sent
	}
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(sent, "-_") {
		encoding = base64.RawURLEncoding
	}
	token, err := encoding.AppendDecode(nil, bytes.TrimRight(sent, "="))
	if err != nil {
		return nil
	}
	return token
}
