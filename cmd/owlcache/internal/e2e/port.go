package e2e

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// FreeAddress returns an address of the loopback interface that nobody listens at. Its port
// lies below those that systems give to outgoing connections, one of which might take it
// before it is used.
func FreeAddress() (string, error) {
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))
		if ln, err := net.Listen("tcp", addr); err == nil {
			return addr, ln.Close()
		}
	}
	return "", errors.New("no free port was found from 10000 to 29999")
}
