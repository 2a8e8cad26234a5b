package load

import (
	"math/rand/v2"
	"net/url"
)

// Target is a server under load: where it is and how it is spoken to.
type Target struct {
	Name     string
	Addr     string // host:port
	Get, Set template
	Parse    func(b []byte) (response, int, error)
	Keys     uint64 // keys that exist, numbered from 0; at least 1
	Value    int    // bytes of each value
	Depth    int    // requests that are sent together; 0 is 1
	greeting string // what the server says first
}

// HTTPTarget speaks the classic protocol. Without a token it can only read.
func HTTPTarget(addr, token string, load Options) Target {
	value := SampleValue(load.Value)
	return Target{
		Name:  "owlcache",
		Addr:  addr,
		Get:   NewTemplate(HTTPGet("/data/?cmd=get&key={key}")),
		Set:   NewTemplate(HTTPGet("/data/?cmd=set&key={key}&valuedata=" + value + "&token=" + url.QueryEscape(token))),
		Parse: ParseHTTP,
		Keys:  load.Keys,
		Value: load.Value,
	}
}

// TCPTarget speaks the line protocol of owlcache.
func TCPTarget(addr string, load Options) Target {
	return Target{
		Name:     "owlcache",
		Addr:     addr,
		Get:      NewTemplate("get {key}\n"),
		Set:      NewTemplate("set {key} " + SampleValue(load.Value) + "\n"),
		Parse:    parseLine,
		Keys:     load.Keys,
		Value:    load.Value,
		Depth:    load.Depth,
		greeting: "Owlcache TCP Link Success...\n",
	}
}

// RedisTarget speaks Redis' own protocol.
func RedisTarget(addr string, load Options) Target {
	return Target{
		Name:  "redis",
		Addr:  addr,
		Get:   respTemplate("GET", "{key}"),
		Set:   respTemplate("SET", "{key}", SampleValue(load.Value)),
		Parse: ParseRESP,
		Keys:  load.Keys,
		Value: load.Value,
		Depth: load.Depth,
	}
}

// respTemplate is a template of a command with the key as its second word.
func respTemplate(words ...string) template {
	words[1] = KeyName(0)
	text := RedisCommand(words...)
	at := len(RedisCommand(words[0])) + len("$16\r\nkey-")
	return template{text: text, digits: at}
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
