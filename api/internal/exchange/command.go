package exchange

import (
	"owlcache/api/access"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

// Command is one command of a path that has commands.
type Command struct {
	Name   string // as it is counted and logged
	Access access.Class
	Raw    bool // answers the bare value, not an envelope
	Keyed  bool // needs a key
	Run    func(*Exchange, node.Store) error
	Index  int // among all commands, for counting
}

// Run checks access and key, runs c, and answers if that fails. paramErr is that of ReadParams.
func (x *Exchange) Run(c *Command, store node.Store, paramErr error) {
	x.Command = c
	if err := x.run(store, paramErr); err != nil {
		x.fail(err)
	}
}

func (x *Exchange) run(store node.Store, paramErr error) error {
	if paramErr != nil {
		return paramErr
	}
	if !x.MayUse(x.Command.Access) {
		return fault.ErrNoToken
	}
	if x.Command.Keyed {
		if err := fault.OfKey(x.Params[params.Key]); err != nil {
			return err
		}
	}
	return x.Command.Run(x, store)
}

// fail answers with an envelope, or in case of a raw command with the bare status.
func (x *Exchange) fail(err error) {
	if r, ok := fault.AsRefusal(err); ok {
		x.Refuse(r)
		return
	}
	status, reason, known := fault.Of(err)
	if !known {
		x.Node.Logger.Error("request failed", "cmd", x.CommandName(), "err", err)
	}
	x.SetError(reason)
	if x.Command.Raw {
		x.Raw(status, TypeRaw, nil, 0)
		return
	}
	x.Envelope(status, nil, 0)
}

// CommandName names the command for logs and metrics, in a bounded set of words.
func (x *Exchange) CommandName() string {
	if x.Command == nil {
		return ""
	}
	return x.Command.Name
}

// Unknown is the command that runs in place of one that does not exist.
func Unknown() *Command {
	return &Command{Name: "unknown", Access: access.Public, Run: func(*Exchange, node.Store) error { return fault.ErrUnknownCommand }}
}
