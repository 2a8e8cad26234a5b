package line

import (
	"bytes"

	"owlcache/engine"
)

type command uint8

const (
	cmdUnknown command = iota
	cmdGet
	cmdExist
	cmdSet
	cmdExpire
	cmdDelete
	cmdPing
	cmdPass
	numCmds
)

func (c command) String() string {
	return [numCmds]string{"unknown", "get", "exist", "set", "expire", "delete", "ping", "pass"}[c]
}

// request is a line that has been read. Its slices point into the line.
type request struct {
	cmd     command
	key     []byte
	value   []byte // of set, ping and pass: the rest of the line
	exptime []byte
	info    bool // get: the answer is an envelope
}

// parse reads a line, which is without its end:
//
//	get KEY
//	get KEY info
//	exist KEY
//	set KEY VALUE…
//	expire KEY SECONDS
//	delete KEY
//	ping TEXT…
//	pass PASSWORD…
//
// There is one space between words; a value, text or password is the rest of the line as it
// is. Further words of a command that takes none are passed over, as they have always
// been. A line that may have come from a terminal ends in a carriage return, which does not
// belong to it.
func parse(line []byte) request {
	line = bytes.TrimSuffix(line, []byte("\r"))
	cmd, rest, spaced := bytes.Cut(line, []byte(" "))
	switch string(cmd) {
	case "ping":
		return request{cmd: cmdPing, value: rest}
	case "pass":
		return request{cmd: cmdPass, value: rest}
	}
	if !spaced {
		return request{}
	}
	key, rest, _ := bytes.Cut(rest, []byte(" "))
	q := request{key: bytes.TrimSpace(key)}
	switch string(cmd) {
	case "get":
		q.cmd, q.info = cmdGet, string(nextWord(rest)) == "info"
	case "set":
		q.cmd, q.value = cmdSet, rest
	case "exist":
		q.cmd = cmdExist
	case "expire":
		q.cmd, q.exptime = cmdExpire, nextWord(rest)
	case "delete":
		q.cmd = cmdDelete
	default:
		return request{}
	}
	return q
}

func nextWord(rest []byte) []byte {
	word, _, _ := bytes.Cut(rest, []byte(" "))
	return bytes.TrimSpace(word)
}

// maxLine is the size in bytes of a set of the largest key and value.
func maxLine(maxValue int) int {
	return len("set ") + engine.MaxKeySize + len(" ") + maxValue + len("\r\n")
}

// isForeign tells whether a line is one of HTTP. A web page can make a browser send such a request to any
// port, with lines of its own choice in the body, before which the connection ends.
func isForeign(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	switch line[0] {
	case 'P':
		return bytes.HasPrefix(line, []byte("POST ")) || isRequestLine(line)
	case 'G':
		return bytes.HasPrefix(line, []byte("GET /")) || isRequestLine(line)
	case 'H', 'h':
		return len(line) >= 5 && bytes.EqualFold(line[:5], []byte("host:")) || isRequestLine(line)
	case 'D', 'O', 'T', 'C':
		return isRequestLine(line)
	}
	return false
}

func isRequestLine(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte("\r"))
	return bytes.HasSuffix(line, []byte(" HTTP/1.1")) || bytes.HasSuffix(line, []byte(" HTTP/1.0")) || bytes.HasSuffix(line, []byte(" HTTP/2.0"))
}

// isTLS tells whether a connection begins as one of TLS does (RFC 8446, 5.1).
func isTLS(first []byte) bool { return len(first) >= 2 && first[0] == 0x16 && first[1] == 0x03 }
