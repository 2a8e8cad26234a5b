package main

import (
	"math/rand/v2"
	"net/url"
)

// target is a server under load: where it is and how it is spoken to.
type target struct {
	name     string
	addr     string // host:port
	get, set template
	parse    func(b []byte) (response, int, error)
	keys     uint64 // keys that exist, numbered from 0; at least 1
	value    int    // bytes of each value
	depth    int    // requests that are sent together; 0 is 1
	greeting string // what the server says first
}

// owlcacheTarget speaks the classic protocol. Without a token it can only read.
func owlcacheTarget(addr, token string, load loadOptions) target {
	value := sampleValue(load.Value)
	return target{
		name:  "owlcache",
		addr:  addr,
		get:   newTemplate(httpGet("/data/?cmd=get&key={key}")),
		set:   newTemplate(httpGet("/data/?cmd=set&key={key}&valuedata=" + value + "&token=" + url.QueryEscape(token))),
		parse: parseResponse,
		keys:  load.Keys,
		value: load.Value,
	}
}

// tcpTarget speaks the line protocol of owlcache.
func tcpTarget(addr string, load loadOptions) target {
	return target{
		name:     "owlcache",
		addr:     addr,
		get:      newTemplate("get {key}\n"),
		set:      newTemplate("set {key} " + sampleValue(load.Value) + "\n"),
		parse:    parseLine,
		keys:     load.Keys,
		value:    load.Value,
		depth:    load.Depth,
		greeting: "Owlcache TCP Link Success...\n",
	}
}

// redisTarget speaks Redis' own protocol.
func redisTarget(addr string, load loadOptions) target {
	return target{
		name:  "redis",
		addr:  addr,
		get:   respTemplate("GET", "{key}"),
		set:   respTemplate("SET", "{key}", sampleValue(load.Value)),
		parse: parseRESP,
		keys:  load.Keys,
		value: load.Value,
		depth: load.Depth,
	}
}

// respTemplate is a template of a command with the key as its second word.
func respTemplate(words ...string) template {
	words[1] = keyName(0)
	text := respCommand(words...)
	at := len(respCommand(words[0])) + len("$16\r\nkey-")
	return template{text: text, digits: at}
}

// sampleValue returns a value of n bytes that needs no escaping anywhere and
// does not compress, the same for each n.
func sampleValue(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[rng.IntN(len(letters))]
	}
	return string(out)
}
