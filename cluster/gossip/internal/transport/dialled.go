package transport

// dialledConn is a connection that this node has made. Who is at the other end may be a
// stranger.
type dialledConn struct {
	conn
	limits *inbound
	head   []byte // the first bytes of the answer; only for Read
}

// Read keeps from memberlist what ends the process. There is one reader at a time.
func (c *dialledConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.head = firstBytes(c.head, b[:n], headVersion-headLabel+1)
	if badAnswer(c.head) {
		c.limits.badFrame("an answer of data sync has another version of the encryption: it was dropped", "answer", c.RemoteAddr())
		_ = c.Conn.Close()
		return 0, errFrameVersion
	}
	return n, err
}

// Write closes the connection after an error: memberlist forgets to when it is the label
// that cannot be written.
func (c *dialledConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}

func (c *dialledConn) Close() error { return c.end(func() {}) }
