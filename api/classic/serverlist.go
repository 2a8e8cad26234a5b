package classic

import (
	"cmp"
	"encoding/json"
	"errors"

	"owlcache/api/internal/envelope"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

// The values of group_type.
const (
	groupOwlcache = "owlcache"
	groupGossip   = "gossip"
)

// listAnswer is the JSON answer of /server/.
type listAnswer struct {
	Cmd     string
	Status  int
	Results string
	Address string
	Data    any // a listMember, an array of them, or null
}

// listMember has fields that are always empty: clients know it so.
type listMember struct{ Cmd, Address, Pass, Token string }

// ServeLists serves /server/, which shows and changes the lists of members. The parameter
// pass is accepted and not looked at: members need none.
func (p *Protocol) ServeLists(x *exchange.Exchange, _ node.Store) {
	if err := p.runLists(x); err != nil {
		p.FailLists(x, err)
	}
}

func (p *Protocol) runLists(x *exchange.Exchange) error {
	var run func(*exchange.Exchange, MemberList) error
	switch string(x.Params[params.Cmd]) {
	case "getall":
		run = listMembers
	case "get":
		run = showMember
	case "add":
		run = addMember
	case "delete":
		run = removeMember
	default:
		return fault.ErrUnknownCommand
	}
	list := p.lists.Owlcache
	switch groupOf(x) {
	case groupOwlcache:
	case groupGossip:
		list = p.lists.Gossip
	default:
		return fault.ErrUnknownGroup
	}
	if list == nil {
		return fault.ErrNoList
	}
	return run(x, list)
}

func groupOf(x *exchange.Exchange) string {
	return cmp.Or(string(x.Params[params.GroupType]), groupOwlcache)
}

func listMembers(x *exchange.Exchange, list MemberList) error {
	var all []listMember // none are null
	for _, m := range list.Members() {
		all = append(all, listMember{Address: m})
	}
	answerList(x, 200, all)
	return nil
}

func showMember(x *exchange.Exchange, list MemberList) error {
	member, err := list.Find(string(x.Params[params.Address]))
	if err != nil {
		return err
	}
	answerList(x, 200, listMember{Address: member})
	return nil
}

func addMember(x *exchange.Exchange, list MemberList) error {
	member, isNew, err := list.Add(string(x.Params[params.Address]))
	if err != nil {
		return err
	}
	if isNew {
		logChange(x, "added", member)
	}
	answerList(x, 200, nil)
	return nil
}

func removeMember(x *exchange.Exchange, list MemberList) error {
	member, err := list.Remove(string(x.Params[params.Address]))
	if err != nil {
		return err
	}
	logChange(x, "deleted", member)
	answerList(x, 200, nil)
	return nil
}

func logChange(x *exchange.Exchange, what, member string) {
	x.Node.Logger.Info("member "+what, "group", groupOf(x), "address", member, "remote", x.Conn.Peer.String())
}

// FailLists answers a command of /server/ that was not done.
func (p *Protocol) FailLists(x *exchange.Exchange, err error) {
	if r, ok := fault.AsRefusal(err); ok {
		x.Refuse(r)
		return
	}
	status, reason, known := fault.Of(err)
	if refused, ok := errors.AsType[*MemberError](err); ok {
		reason, known = refused.Reason, true
	} else if errors.Is(err, ErrUnknownMember) {
		status, reason, known = 404, err.Error(), true
	}
	if !known {
		x.Node.Logger.Error("request failed", "path", "/server/", "err", err)
	}
	x.SetError(reason)
	answerList(x, status, nil)
}

// answerList adds what the client has sent. For add, Cmd is empty: clients know it so.
func answerList(x *exchange.Exchange, status int, data any) {
	a := listAnswer{
		Cmd: string(envelope.Clip(x.Params[params.Cmd])), Status: status, Results: envelope.Result(status),
		Address: string(envelope.Clip(x.Params[params.Address])), Data: data,
	}
	if a.Cmd == "add" && status != 401 {
		a.Cmd = ""
	}
	body, _ := json.Marshal(a) // texts never fail
	x.Build(status, exchange.TypeJSON, func(dst []byte) []byte { return append(dst, body...) })
}
