package api

// runExpire moves the expiry of key to exptime seconds from now; 0 is never.
func runExpire(x *exchange, store Store) error {
	ms, err := parseExptime(x.params.exptime)
	if err != nil {
		return err
	}
	if _, err := store.Expire(x.params.key, expiryAfter(x.srv.now(), ms)); err != nil {
		return err
	}
	x.envelope(200, nil, 0)
	return nil
}
