package classic

import (
	"cmp"
	"errors"
	"strconv"

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

// listAnswer is the JSON answer of /server/, as encoding/json would write
//
//	struct {
//		Cmd     string
//		Status  int
//		Results string
//		Address string
//		Data    any // a member, an array of members, or null
//	}
type listAnswer struct {
	cmd, address []byte
	status       int
	members      []string
	array        bool // members is an array, null if it is empty; else its first one is the member
}

func (a *listAnswer) append(dst []byte) []byte {
	dst = append(dst, `{"Cmd":`...)
	dst = envelope.AppendString(dst, a.cmd)
	dst = append(dst, `,"Status":`...)
	dst = strconv.AppendInt(dst, int64(a.status), 10)
	dst = append(dst, `,"Results":"`...)
	dst = append(dst, envelope.Result(a.status)...)
	dst = append(dst, `","Address":`...)
	dst = envelope.AppendString(dst, a.address)
	dst = append(dst, `,"Data":`...)
	if len(a.members) == 0 {
		return append(dst, "null}"...)
	}
	if a.array {
		dst = append(dst, '[')
	}
	for i, m := range a.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"Cmd":"","Address":`...)
		dst = envelope.AppendString(dst, m)
		dst = append(dst, `,"Pass":"","Token":""}`...)
	}
	if a.array {
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

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
	answerList(x, listAnswer{status: 200, members: list.Members(), array: true})
	return nil
}

func showMember(x *exchange.Exchange, list MemberList) error {
	member, err := list.Find(string(x.Params[params.Address]))
	if err != nil {
		return err
	}
	answerList(x, listAnswer{status: 200, members: []string{member}})
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
	answerList(x, listAnswer{status: 200})
	return nil
}

func removeMember(x *exchange.Exchange, list MemberList) error {
	member, err := list.Remove(string(x.Params[params.Address]))
	if err != nil {
		return err
	}
	logChange(x, "deleted", member)
	answerList(x, listAnswer{status: 200})
	return nil
}

func logChange(x *exchange.Exchange, what, member string) {
	x.Node.Logger.Info("member "+what, "group", groupOf(x), "address", member, "remote", x.Peer().String())
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
	answerList(x, listAnswer{status: status})
}

// answerList adds what the client has sent. For add, Cmd is empty: clients know it so.
func answerList(x *exchange.Exchange, a listAnswer) {
	a.cmd, a.address = envelope.Clip(x.Params[params.Cmd]), envelope.Clip(x.Params[params.Address])
	if string(a.cmd) == "add" && a.status != 401 {
		a.cmd = nil
	}
	x.Build(a.status, exchange.TypeJSON, a.append)
}
