package classic

import (
	"errors"
	"maps"
	"slices"
	"sync/atomic"

	"owlcache/api/access"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
	"owlcache/engine"
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

func runGet(x *exchange.Exchange, store node.Store) error {
	_, err := x.Stored(store)
	if !errors.Is(err, engine.ErrNotFound) || x.ImportUnwanted() {
		return err
	}
	value, meta, found := x.Node.Import(x.Params[params.Key])
	if !found {
		return err
	}
	return x.Value(value, meta.Created)
}

func runExist(x *exchange.Exchange, store node.Store) error {
	if _, ok := store.Stat(x.Params[params.Key]); !ok {
		return engine.ErrNotFound
	}
	x.Envelope(200, nil, 0)
	return nil
}

func runSet(x *exchange.Exchange, store node.Store) error {
	ms, err := params.ParseExptime(x.Params[params.Exptime])
	if err != nil && !errors.Is(err, params.ErrExptimeMissing) {
		return err
	}
	if len(x.Params[params.Value]) > x.Node.MaxValueSize {
		return engine.ErrValueTooLarge
	}
	meta, err := store.Set(x.Params[params.Key], x.Params[params.Value], params.ExpiryAfter(x.Node.Now(), ms))
	if err != nil {
		return err
	}
	x.Envelope(200, []byte{}, meta.Created)
	return nil
}

func runExpire(x *exchange.Exchange, store node.Store) error {
	ms, err := params.ParseExptime(x.Params[params.Exptime])
	if err != nil {
		return err
	}
	if _, err := store.Expire(x.Params[params.Key], params.ExpiryAfter(x.Node.Now(), ms)); err != nil {
		return err
	}
	x.Envelope(200, nil, 0)
	return nil
}

func runDelete(x *exchange.Exchange, store node.Store) error {
	if err := store.Delete(x.Params[params.Key]); err != nil {
		return err
	}
	x.Envelope(200, nil, 0)
	return nil
}

func runPass(x *exchange.Exchange, _ node.Store) error {
	if err := x.Node.Access.LogIn(x.Conn.Peer, x.Params[params.Pass]); err != nil {
		return err
	}
	token, err := x.Node.Access.Issue(x.Conn.Peer)
	if err != nil {
		return err
	}
	x.Envelope(200, token, x.Node.Now().UnixNano())
	return nil
}

func runPing(x *exchange.Exchange, _ node.Store) error {
	x.Raw(200, exchange.TypeText, x.Params[params.Value], 0)
	if len(x.Params[params.Value]) == 0 {
		x.Ctx.SetBodyString("PONG")
	}
	// What was sent comes back: a browser must not take it for a page.
	x.Ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	return nil
}
