package load

import (
	"bytes"
	"errors"
	"fmt"
)

var errNotRESP = errors.New("answer is not RESP")

// ParseRESP is ParseHTTP for Redis' own protocol, as far as answers to SET,
// GET, PING and SHUTDOWN go: a simple string has status 200, a bulk string 200
// with its bytes, a null bulk string 404, an error 500 with its text.
func ParseRESP(b []byte) (Response, int, error) {
	end := bytes.Index(b, []byte("\r\n"))
	if end < 0 {
		if len(b) > 64<<10 {
			return Response{}, 0, errNotRESP
		}
		return Response{}, 0, nil
	}
	if end == 0 {
		return Response{}, 0, errNotRESP
	}
	line := b[1:end]
	switch b[0] {
	case '+':
		return Response{Status: 200, Body: line}, end + 2, nil
	case '-':
		return Response{Status: 500, Body: line}, end + 2, nil
	case '$':
		return parseBulk(b, line, end+2)
	}
	return Response{}, 0, fmt.Errorf("%w: %.40q", errNotRESP, b)
}

// parseBulk parses the rest of a bulk string, whose length is in line.
func parseBulk(b, line []byte, start int) (Response, int, error) {
	if string(line) == "-1" {
		return Response{Status: 404}, start, nil
	}
	size, ok := parseNumber(line)
	if !ok || size > maxBody {
		return Response{}, 0, errNotRESP
	}
	total := start + size + 2
	if len(b) < total {
		return Response{}, 0, nil
	}
	return Response{Status: 200, Body: b[start : total-2]}, total, nil
}

// RedisCommand renders a command of Redis' protocol.
func RedisCommand(words ...string) string {
	out := fmt.Sprintf("*%d\r\n", len(words))
	for _, w := range words {
		out += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	return out
}
