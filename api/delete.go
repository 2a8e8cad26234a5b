package api

// runDelete removes key.
func runDelete(x *exchange, store Store) error {
	if err := store.Delete(x.params.key); err != nil {
		return err
	}
	x.envelope(200, nil, 0)
	return nil
}
