// Package conn has accepted connections, and the table that limits and ends them.
//
//	c := conn.New(nc, "10.0.0.1:7721", writeTimeout, slack)
//	switch table.Add(c) {            // within the limits
//	case conn.Admitted:
//		defer table.Remove(c)        // by the goroutine that serves it
//	}
//	...
//	table.Close()                    // closes the listeners, admits nothing any more
//	table.Each((*conn.Conn).Release) // each ends as soon as no request is under way
//	<-table.Empty
//
// A connection belongs to the goroutine that serves it. Only Release, Cut, Busy and what the
// table does may be used by others.
package conn
