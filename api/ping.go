package api

// runPing answers PONG, or valuedata if there is any.
func runPing(x *exchange, _ Store) error {
	x.raw(200, typeText, x.params.value, 0)
	if len(x.params.value) == 0 {
		x.ctx.SetBodyString("PONG")
	}
	// What was sent comes back: a browser must not take it for a page.
	x.ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	return nil
}
