package load

import (
	"math/rand/v2"
	"net/url"
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
