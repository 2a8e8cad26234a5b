package access

import (
	"crypto/sha256"
	"crypto/subtle"
)

// password is a hash: comparing takes the same time for every input of one length.
type password [sha256.Size]byte

func newPassword(s string) password { return sha256.Sum256([]byte(s)) }

func (p password) is(s []byte) bool {
	h := sha256.Sum256(s)
	return subtle.ConstantTimeCompare(p[:], h[:]) == 1
}
