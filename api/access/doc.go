// Package access says who may do what: passwords and the guessing of them, tokens, the host
// names under which a node on a loopback address is reached, and the web pages that may read
// answers.
//
//	guard := access.New(access.Options{Password: p, TokenSecret: secret}, time.Now, logger)
//	err := guard.LogIn(peer, password)
//	token, err := guard.Issue(peer)
//	ok := guard.Valid(token, peer)
//
// A token is bound to the client's address and survives a restart. Tokens that were verified
// and clients with wrong passwords are remembered in tables of a bounded size, each with a lock
// that nothing is waited for under.
package access
