// Package urlcache fetches what the store does not hold from configured HTTP servers,
// the origins, and stores it.
//
//	sites, warnings, err := urlcache.ReadSites("sites.xml", maxValueSize)
//	c, err := urlcache.New(urlcache.Options{Sites: sites})
//	c.Reload(sites)                                     // at any time; requests under way keep theirs
//	answer, err := c.Fetch(urlcache.Request{Store: store, Key: key}) // for a miss only
//	...                                                 // write answer.Body to the client
//	answer.Release()
//	c.Close()                                           // ends requests to origins; before the store closes
//
// serve.go serves /uc/ and, if it is wanted, all paths that are no other route's. target.go makes
// a URL of the site's host and the key, or refuses the key. flight.go lets one request to the
// origin serve all who ask for the key meanwhile. fetch.go sends it, follows redirects between
// configured hosts and reads the body within its limits; copies.go stores it. If the
// origin fails, an expired copy may be answered instead. health.go tells the log of origins that fail.
//
// A request from outside chooses a path and a query, nothing else. dial.go opens connections to
// the hosts and ports of the sites, or to a site's proxy, and to no others. A configured name may
// resolve to any address of the site's own network, but not to a link-local or metadata address:
// these are reached only if they are configured as a literal address.
//
// # Promises
//
//   - An origin's error is never stored; only status 200 is.
//   - Time: a site's timeout bounds connecting, TLS, headers and body together.
//   - Memory: Options.MaxFetches requests at once, bodies that share Options.MaxMemory from
//     their first bytes until all answers have been released.
//   - No error text holds a key, a query, a header or a user's credentials.
//   - Nothing of a Request is kept after Fetch has returned, except its Store until the
//     request to the origin has ended.
//   - A request to an origin has a goroutine, which ends with the site's timeout or with Close,
//     which waits for it. Cache.mu is never held while anything is waited for.
package urlcache
