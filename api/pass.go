package api

import (
	"crypto/sha256"
	"crypto/subtle"
)

// runPass gives out a token for the password.
func runPass(x *exchange, _ Store) error {
	if err := x.srv.judgeLogin(x.peer(), x.srv.password.is(x.params.pass)); err != nil {
		return err
	}
	token, err := x.srv.tokens.issue(x.peer())
	if err != nil {
		return err
	}
	x.envelope(200, token, x.srv.now().UnixNano())
	return nil
}

// password is the hash of the password, so that comparing takes the same time for
// every input of one length.
type password [sha256.Size]byte

func newPassword(s string) password { return sha256.Sum256([]byte(s)) }

func (p password) is(s []byte) bool {
	h := sha256.Sum256(s)
	return subtle.ConstantTimeCompare(p[:], h[:]) == 1
}
