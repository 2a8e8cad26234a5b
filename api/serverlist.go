package api

import (
	"errors"
	"strconv"
)

// The values of group_type.
const (
	groupOwlcache = "owlcache"
	groupGossip   = "gossip"
)

var (
	errUnknownGroup = errors.New("unknown group_type: want owlcache or gossip")
	errNoList       = errors.New("this node keeps no such list")
)

// serverAnswer is the JSON answer of /server/, as encoding/json would write
//
//	struct {
//		Cmd     string
//		Status  int
//		Results string
//		Address string
//		Data    any // a member, an array of members, or null
//	}
type serverAnswer struct {
	cmd, address []byte
	status       int
	members      []string
	array        bool // members is an array, null if it is empty; else its first one is the member
}

// append appends the answer to dst.
func (a *serverAnswer) append(dst []byte) []byte {
	dst = append(dst, `{"Cmd":`...)
	dst = appendJSONString(dst, a.cmd)
	dst = append(dst, `,"Status":`...)
	dst = strconv.AppendInt(dst, int64(a.status), 10)
	dst = append(dst, `,"Results":"`...)
	dst = append(dst, resultOf(a.status)...)
	dst = append(dst, `","Address":`...)
	dst = appendJSONString(dst, a.address)
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
		dst = appendJSONString(dst, m)
		dst = append(dst, `,"Pass":"","Token":""}`...)
	}
	if a.array {
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// serveServerList serves /server/, which shows and changes the lists of members. The
// parameter pass is accepted and not looked at: members need none.
func serveServerList(x *exchange) {
	if x.srv.gate.wait() == nil {
		x.refuse(refusal{status: 503, reason: x.srv.notServing(), retryAfter: 1})
		return
	}
	if err := x.runServerList(); err != nil {
		x.failServerList(err)
	}
}

// runServerList runs the command.
func (x *exchange) runServerList() error {
	var run func(*exchange, MemberList) error
	switch string(x.params.cmd) {
	case "getall":
		run = listMembers
	case "get":
		run = showMember
	case "add":
		run = addMember
	case "delete":
		run = removeMember
	default:
		return errUnknownCommand
	}
	list, err := x.memberList()
	if err != nil {
		return err
	}
	return run(x, list)
}

// memberList returns the list that group_type names.
func (x *exchange) memberList() (MemberList, error) {
	var list MemberList
	switch string(x.params.groupType) {
	case "", groupOwlcache:
		list = x.srv.opts.Owlcache
	case groupGossip:
		list = x.srv.opts.Gossip
	default:
		return nil, errUnknownGroup
	}
	if list == nil {
		return nil, errNoList
	}
	return list, nil
}

func listMembers(x *exchange, list MemberList) error {
	x.answerServerList(serverAnswer{status: 200, members: list.Members(), array: true})
	return nil
}

func showMember(x *exchange, list MemberList) error {
	member, err := list.Find(string(x.params.address))
	if err != nil {
		return err
	}
	x.answerServerList(serverAnswer{status: 200, members: []string{member}})
	return nil
}

func addMember(x *exchange, list MemberList) error {
	member, isNew, err := list.Add(string(x.params.address))
	if err != nil {
		return err
	}
	if isNew {
		x.logMemberChange("added", member)
	}
	x.answerServerList(serverAnswer{status: 200})
	return nil
}

func removeMember(x *exchange, list MemberList) error {
	member, err := list.Remove(string(x.params.address))
	if err != nil {
		return err
	}
	x.logMemberChange("deleted", member)
	x.answerServerList(serverAnswer{status: 200})
	return nil
}

// logMemberChange tells who has changed a list.
func (x *exchange) logMemberChange(what, member string) {
	group := groupOwlcache
	if string(x.params.groupType) == groupGossip {
		group = groupGossip
	}
	x.srv.opts.Logger.Info("member "+what, "group", group, "address", member, "remote", x.peer().String())
}

// failServerList answers a command of /server/ that was not done.
func (x *exchange) failServerList(err error) {
	if r, ok := errors.AsType[refusal](err); ok {
		x.refuse(r)
		return
	}
	status, reason, known := statusOfList(err)
	if !known {
		x.srv.opts.Logger.Error("request failed", "path", "/server/", "err", err)
	}
	x.setError(reason)
	x.answerServerList(serverAnswer{status: status})
}

// statusOfList is statusOf with the errors of lists.
func statusOfList(err error) (status int, reason string, known bool) {
	if refused, ok := errors.AsType[*MemberError](err); ok {
		return 500, refused.Reason, true
	}
	switch {
	case errors.Is(err, ErrUnknownMember):
		return 404, err.Error(), true
	case errors.Is(err, errUnknownGroup), errors.Is(err, errNoList):
		return 500, err.Error(), true
	}
	return statusOf(err)
}

// answerServerList completes a with what the client has sent, and answers it. For add,
// Cmd is empty: clients know it so.
func (x *exchange) answerServerList(a serverAnswer) {
	a.cmd, a.address = clip(x.params.cmd), clip(x.params.address)
	if string(a.cmd) == "add" && a.status != 401 {
		a.cmd = nil
	}
	x.ctx.SetStatusCode(a.status)
	x.ctx.SetContentType(typeJSON)
	resp := &x.ctx.Response
	resp.SwapBody(a.append(resp.SwapBody(nil)[:0]))
}
