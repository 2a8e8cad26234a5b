package classic

import (
	"maps"
	"slices"
	"sync/atomic"

	"owlcache/api/access"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

// Protocol serves the paths of 0.5.1.
type Protocol struct {
	lists    Lists
	commands map[string]*exchange.Command // of /data/, by name
	groupGet *exchange.Command
	unknown  *exchange.Command // whatever is sent instead

	Incomplete atomic.Uint64 // answers of the group without those of all nodes that were asked
}

// New makes a protocol with these lists of members. unknown runs in place of commands that do not exist.
func New(lists Lists, unknown *exchange.Command) *Protocol {
	p := &Protocol{lists: lists, unknown: unknown, commands: map[string]*exchange.Command{}}
	for _, c := range dataCommands() {
		p.commands[c.Name] = &c
	}
	p.groupGet = &exchange.Command{Name: "group_get", Access: access.Public, Raw: true, Keyed: true, Run: p.runGroupGet}
	return p
}

func dataCommands() []exchange.Command {
	return []exchange.Command{
		{Name: "get", Access: access.Public, Raw: true, Keyed: true, Run: runGet},
		{Name: "exist", Access: access.Public, Keyed: true, Run: runExist},
		{Name: "set", Access: access.Token, Keyed: true, Run: runSet},
		{Name: "expire", Access: access.Token, Keyed: true, Run: runExpire},
		{Name: "delete", Access: access.Token, Keyed: true, Run: runDelete},
		{Name: "pass", Access: access.Login, Run: runPass},
		{Name: "ping", Access: access.Public, Raw: true, Run: runPing},
	}
}

// Commands returns all commands that there are.
func (p *Protocol) Commands() []*exchange.Command {
	return slices.AppendSeq([]*exchange.Command{p.groupGet}, maps.Values(p.commands))
}

// ServeData serves /data/.
func (p *Protocol) ServeData(x *exchange.Exchange, store node.Store) {
	paramErr := x.ReadParams()
	c := p.commands[string(x.Params[params.Cmd])]
	if c == nil {
		c = p.unknown
	}
	x.Run(c, store, paramErr)
}
