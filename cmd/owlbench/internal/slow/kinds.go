package slow

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

const (
	slowKey    = "slow"  // none of them ever finishes to write it
	largeKey   = "large" // its value is more than the network takes while nobody reads
	deafAsks   = 2       // for the large value, of a client that reads nothing
	largeValue = 256 << 10
)

type clientKind struct {
	name  string
	tcp   bool   // on the port of the line protocol
	https bool   // on a node with HTTPS
	first string // what a client sends at once
	drip  string // what it sends one byte of now and then, for ever; empty: nothing
}

// allKinds returns all kinds. None of them ever reads.
func allKinds(token string) []clientKind {
	const upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	const hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" // of 512 bytes
	ask := "get " + largeKey
	frame := fmt.Sprintf("\x81%c\x00\x00\x00\x00%s", 0x80|len(ask), ask) // masked with zeros
	body := "cmd=set&key=" + slowKey + "&token=" + url.QueryEscape(token) + "&valuedata="
	return []clientKind{
		{name: "http-silent"},
		{name: "http-head", first: "GET /data/?cmd=get&key=" + largeKey + " HTTP/1.1\r\nHost: localhost\r\nX: ", drip: "a"},
		{name: "http-body", first: "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\n" + body, drip: "v"},
		{name: "http-deaf", first: strings.Repeat(load.HTTPGet("/data/?cmd=get&key="+largeKey), deafAsks)},
		{name: "ws-silent", first: upgrade},
		{name: "ws-frame", first: upgrade + frame[:6], drip: "g"},
		{name: "ws-deaf", first: upgrade + strings.Repeat(frame, deafAsks)},
		{name: "tcp-silent", tcp: true},
		{name: "tcp-line", tcp: true, first: "set " + slowKey + " ", drip: "v"},
		{name: "tcp-deaf", tcp: true, first: strings.Repeat(ask+"\n", deafAsks)},
		{name: "tls-silent", https: true},
		{name: "tls-half", https: true, first: hello},
		{name: "tls-hello", https: true, first: hello, drip: "\x00"},
	}
}

func kindNames(kinds []clientKind) (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// kinds returns those that are asked for, of a node with HTTPS or of one without.
func (b *bench) kinds(https bool, token string) []clientKind {
	return slices.DeleteFunc(allKinds(token), func(k clientKind) bool {
		return k.https != https || !report.Wants(b.only, k.name)
	})
}
