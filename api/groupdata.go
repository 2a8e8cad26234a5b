package api

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"

	"owlcache/engine"
)

// Group is what this package needs of the owlcache group.
type Group interface {
	// Query returns what the nodes have under key, the newest first; with a target, what
	// that one has. It returns in time whatever they do.
	Query(ctx context.Context, key []byte, target string) ([]GroupAnswer, GroupReach)
	// Newest appends the newest value under key to dst.
	Newest(ctx context.Context, dst, key []byte, target string) (value []byte, created time.Time, reach GroupReach, ok bool)
	// Status returns what is known of each member, in the order of the list.
	Status() []MemberStatus
}

// GroupAnswer is what one node has under a key.
type GroupAnswer struct {
	Address string // HOST:PORT as the group lists it
	Value   []byte // not to be changed
	Created time.Time
}

// GroupReach tells how many nodes a question was for, this one among them, and how many
// of these have answered it. That a node has nothing under the key is an answer.
type GroupReach struct{ Members, Answered int }

// SetGroup tells the server of the group. It must be called before Ready; without it
// /group_data/ answers 503.
func (s *Server) SetGroup(g Group) { s.group.Store(&g) }

// groupMembers returns what is known of the members, nothing while there is no group.
func (s *Server) groupMembers() []MemberStatus {
	if g := s.group.Load(); g != nil {
		return (*g).Status()
	}
	return nil
}

// groupName is what get on /group_data/ is counted and logged as.
const groupName = "group_get"

// newGroupCommand returns the one command of /group_data/, with a number among all
// commands.
func newGroupCommand(index int) *command {
	return &command{name: groupName, access: accessPublic, raw: true, keyed: true, run: runGroupGet, index: index}
}

// serveGroupData serves /group_data/.
func serveGroupData(x *exchange) {
	store := x.srv.gate.wait()
	if store == nil {
		x.refuse(refusal{status: 503, reason: x.srv.notServing(), retryAfter: 1})
		return
	}
	paramErr := x.readParams()
	x.cmd = x.srv.unknown
	if string(x.params.cmd) == "get" {
		x.cmd = x.srv.groupGet
	}
	if err := x.run(store, paramErr); err != nil {
		x.fail(err)
	}
}

// runGroupGet answers the newest value in the group, or with valuedata=info what each
// node has.
func runGroupGet(x *exchange, store Store) error {
	g := x.srv.group.Load()
	if g == nil {
		return refusal{status: 503, reason: "this node knows no group", retryAfter: 1}
	}
	var err error
	if string(x.params.value) == "info" {
		err = x.groupInfo(*g, store)
	} else {
		err = x.groupNewest(*g, store)
	}
	if x.reach.Answered < x.reach.Members {
		x.srv.incomplete.Add(1)
	}
	return err
}

// headerGroup says how complete an answer of the group is, as a dictionary of RFC 9651:
// "members=3, answered=2".
const headerGroup = "Owlcache-Group"

// setReach tells the client how many nodes have answered.
func (x *exchange) setReach(reach GroupReach) {
	x.reach = reach
	x.scratch = strconv.AppendInt(append(x.scratch[:0], "members="...), int64(reach.Members), 10)
	x.scratch = strconv.AppendInt(append(x.scratch, ", answered="...), int64(reach.Answered), 10)
	x.ctx.Response.Header.SetBytesV(headerGroup, x.scratch)
}

// groupNewest answers as get on /data/ does.
func (x *exchange) groupNewest(g Group, store Store) error {
	target := string(x.params.target)
	if size := x.scarce(store); size > 0 {
		return x.largeNewest(g, size, target)
	}
	resp := &x.ctx.Response
	buf := resp.SwapBody(nil)
	// The group bounds the time of a query itself.
	value, created, reach, ok := g.Newest(context.Background(), buf[:0], x.params.key, target)
	x.setReach(reach)
	if !ok {
		resp.SwapBody(buf[:0])
		return engine.ErrNotFound
	}
	if cap(value) <= keepBuffer {
		resp.SwapBody(value)
	} else {
		resp.SwapBody(buf[:0])
		taken := int64(cap(value))
		if !x.srv.answers.take(taken) {
			return x.largeNewest(g, taken, target) // which has no use for this copy
		}
		x.stream(value, taken)
	}
	x.ctx.SetContentType(typeRaw)
	x.setDataHeaders(nanosOf(created))
	return nil
}

// scarce returns the size of the value that the store has under the key if it is large
// while others wait for memory for such answers, else 0. Copying it first would be in vain
// more often than not.
func (x *exchange) scarce(store Store) int64 {
	if !x.srv.answers.crowded() {
		return 0
	}
	meta, ok := store.Stat(x.params.key)
	if !ok || meta.Size <= keepBuffer {
		return 0
	}
	return int64(meta.Size)
}

// largeNewest answers a value of about size bytes as soon as there is memory for it.
func (x *exchange) largeNewest(g Group, size int64, target string) error {
	taken := x.srv.answers.takeSoon(size)
	if taken == 0 {
		return refusal{status: 503, reason: errAnswersFull.Error(), retryAfter: 1}
	}
	value, created, reach, ok := g.Newest(context.Background(), nil, x.params.key, target)
	x.setReach(reach)
	if !ok {
		x.srv.answers.give(taken)
		return engine.ErrNotFound
	}
	x.stream(value, taken)
	x.ctx.SetContentType(typeRaw)
	x.setDataHeaders(nanosOf(created))
	return nil
}

// stream makes body, for which taken bytes have been taken from the budget of large
// answers, the answer.
func (x *exchange) stream(body []byte, taken int64) {
	answers := x.srv.answers
	x.ctx.Response.SetBodyStream(&largeBody{b: body, done: func() { answers.give(taken) }}, len(body))
}

// groupInfo answers an array with an element for each node that has the key. It is
// empty, and the status 404, when none has.
func (x *exchange) groupInfo(g Group, store Store) error {
	found, taken, err := x.groupQuery(g, store)
	if err != nil {
		return err
	}
	created, status := int64(0), 404
	if len(found) > 0 {
		created, status = nanosOf(found[0].Created), 200
	}
	if taken == 0 {
		resp := &x.ctx.Response
		resp.SwapBody(x.appendInfo(resp.SwapBody(nil)[:0], found))
	} else {
		x.stream(x.appendInfo(make([]byte, 0, x.infoSize(found)), found), taken)
	}
	x.ctx.SetStatusCode(status)
	x.ctx.SetContentType(typeJSON)
	x.setDataHeaders(created)
	return nil
}

// groupQuery asks the group. If the answer is large, taken bytes have been taken from
// the budget of such answers, else none. The value of this node is a copy: if it is
// large, there has to be room before it is made; and nothing is held while room is
// waited for.
func (x *exchange) groupQuery(g Group, store Store) (found []GroupAnswer, taken int64, err error) {
	answers, own := x.srv.answers, int64(0)
	if meta, ok := store.Stat(x.params.key); ok && meta.Size > keepBuffer {
		own = int64(meta.Size)
	}
	for want, last := 3*own, false; ; last = true {
		if want > 0 {
			if taken = answers.takeSoon(want); taken == 0 {
				return nil, 0, refusal{status: 503, reason: errAnswersFull.Error(), retryAfter: 1}
			}
		}
		var reach GroupReach
		found, reach = g.Query(context.Background(), x.params.key, string(x.params.target))
		x.setReach(reach)
		size := int64(x.infoSize(found))
		if size > keepBuffer && (last || size+own <= taken) {
			return found, taken, nil
		}
		answers.give(taken)
		if size <= keepBuffer {
			return found, 0, nil
		}
		want = size + own // what was found is let go: nobody needs it while room is waited for
	}
}

// infoSize returns about how many bytes appendInfo appends, rather more than less.
func (x *exchange) infoSize(found []GroupAnswer) int {
	size := len("[]")
	for i := range found {
		size += 128 + len(found[i].Address) + len(x.params.key)*6 + base64.StdEncoding.EncodedLen(len(found[i].Value))
	}
	return size
}

// appendInfo appends found as encoding/json would write
//
//	[]struct {
//		Address       string
//		Data          []byte
//		Key           string
//		KeyCreateTime time.Time
//		Status        int
//	}
func (x *exchange) appendInfo(dst []byte, found []GroupAnswer) []byte {
	dst = append(dst, '[')
	for i := range found {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"Address":`...)
		dst = appendJSONString(dst, found[i].Address)
		dst = append(dst, `,"Data":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, found[i].Value)
		dst = append(dst, `","Key":`...)
		dst = appendJSONString(dst, x.params.key)
		dst = append(dst, `,"KeyCreateTime":"`...)
		dst = found[i].Created.AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `","Status":200}`...)
	}
	return append(dst, ']')
}

// nanosOf returns t in Unix nanoseconds, and 0 if it is none that they can hold.
func nanosOf(t time.Time) int64 {
	if y := t.Year(); y < 1679 || y > 2261 {
		return 0
	}
	return t.UnixNano()
}
