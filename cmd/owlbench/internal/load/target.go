package load

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// Target is a server under load: where it is and how it is spoken to.
type Target struct {
	Name     string
	Addr     string // host:port
	Get, Set Template
	Parse    Parser
	Keys     uint64 // keys that exist, numbered from 0; at least 1
	Value    int    // bytes of each value
	Depth    int    // requests that are sent together; 0 is 1
	greeting string // what the server says first
}

// HTTPTarget speaks the classic protocol. Without a token it can only read.
func HTTPTarget(addr, token string, load Options) Target {
	set := "/data/?cmd=set&key=" + AnyKey + "&valuedata=" + SampleValue(load.Value) + "&token=" + url.QueryEscape(token)
	return Target{
		Name: "owlcache", Addr: addr, Parse: ParseHTTP, Keys: load.Keys, Value: load.Value,
		Get: NewTemplate(HTTPGet("/data/?cmd=get&key=" + AnyKey)),
		Set: NewTemplate(HTTPGet(set)),
	}
}

// TCPTarget speaks the line protocol of owlcache.
func TCPTarget(addr string, load Options) Target {
	return Target{
		Name: "owlcache", Addr: addr, Parse: parseLine, Keys: load.Keys, Value: load.Value, Depth: load.Depth,
		Get:      NewTemplate("get " + AnyKey + "\n"),
		Set:      NewTemplate("set " + AnyKey + " " + SampleValue(load.Value) + "\n"),
		greeting: "Owlcache TCP Link Success...\n",
	}
}

// RedisTarget speaks Redis' own protocol.
func RedisTarget(addr string, load Options) Target {
	return Target{
		Name: "redis", Addr: addr, Parse: ParseRESP, Keys: load.Keys, Value: load.Value, Depth: load.Depth,
		Get: NewTemplate(RedisCommand("GET", AnyKey)),
		Set: NewTemplate(RedisCommand("SET", AnyKey, SampleValue(load.Value))),
	}
}

// SampleValue returns a value of n bytes that needs no escaping anywhere and
// does not compress, the same for each n.
func SampleValue(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[rng.IntN(len(letters))]
	}
	return string(out)
}

// All names of keys have the same length, so that a request is one template with
// the digits overwritten.
const (
	keyDigits = 12
	keyPrefix = "key-"
	// AnyKey is where the key stands in the text of a template.
	AnyKey = keyPrefix + "000000000000"
)

// KeyName returns the name of key number n.
func KeyName(n uint64) string { return fmt.Sprintf("%s%0*d", keyPrefix, keyDigits, n) }

// Template is a request rendered but for the digits of its key.
type Template struct {
	text   string
	digits int // offset of the digits
}

// NewTemplate returns a template of a request for AnyKey.
func NewTemplate(request string) Template {
	return Template{text: request, digits: strings.Index(request, AnyKey) + len(keyPrefix)}
}

// Append appends the request for key number n to dst.
func (t Template) Append(dst []byte, n uint64) []byte {
	start := len(dst)
	dst = append(dst, t.text...)
	digits := dst[start+t.digits:][:keyDigits]
	for i := keyDigits - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// HTTPGet renders a GET request for a path with its query.
func HTTPGet(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
}

// HTTPPost renders a POST request of a form.
func HTTPPost(path, form string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, len(form), form)
}

// RedisCommand renders a command of Redis' protocol.
func RedisCommand(words ...string) string {
	out := fmt.Sprintf("*%d\r\n", len(words))
	for _, w := range words {
		out += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	return out
}
