package transport

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/hashicorp/memberlist"
)

// Label is in front of all frames, and authenticated with them: other programs that
// use memberlist, and other uses of the same secret, are told from data sync.
const Label = "owlcache-sync-1"

// keyInfo binds the key to its use; see RFC 5869, section 3.2.
const keyInfo = "owlcache data sync, frames, AES-256-GCM, 1"

// frameKey makes the key of frames, 32 bytes, from a secret.
func frameKey(secret string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret), nil, keyInfo, 32)
}

// NewKeyring returns the keys of frames: all are read with, the first one is written with.
func NewKeyring(secret string, accept []string) (*memberlist.Keyring, error) {
	keys := make([][]byte, 0, 1+len(accept))
	for _, s := range append([]string{secret}, accept...) {
		key, err := frameKey(s)
		if err != nil {
			return nil, fmt.Errorf("gossip: key of frames: %w", err)
		}
		keys = append(keys, key)
	}
	return memberlist.NewKeyring(keys[1:], keys[0])
}
