package classic

import (
	"context"
	"strconv"
	"time"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/fault"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
	"owlcache/engine"
)

// HeaderGroup says how complete an answer of the group is, as a dictionary of RFC 9651:
// "members=3, answered=2".
const HeaderGroup = "Owlcache-Group"

// ServeGroup serves /group_data/.
func (p *Protocol) ServeGroup(x *exchange.Exchange, store node.Store) {
	paramErr := x.ReadParams()
	c := p.unknown
	if string(x.Params[params.Cmd]) == "get" {
		c = p.groupGet
	}
	x.Run(c, store, paramErr)
}

// runGroupGet answers the newest value in the group, or with valuedata=info what each node has.
func (p *Protocol) runGroupGet(x *exchange.Exchange, store node.Store) error {
	g := x.Node.Group.Get()
	if g == nil {
		return fault.Unavailable("this node knows no group")
	}
	q := question{Exchange: x, group: g, store: store, target: string(x.Params[params.Target])}
	var err error
	if string(x.Params[params.Value]) == "info" {
		err = q.answerInfo()
	} else {
		err = q.answerNewest()
	}
	if q.reach.Answered < q.reach.Members {
		p.Incomplete.Add(1)
	}
	return err
}

// question is a question to the group. The group bounds the time that it takes itself.
type question struct {
	*exchange.Exchange
	group  node.Group
	store  node.Store
	target string
	reach  node.GroupReach // of the answer
}

func (q *question) reached(reach node.GroupReach) {
	q.reach = reach
	b := append(make([]byte, 0, 48), "members="...)
	b = strconv.AppendInt(b, int64(reach.Members), 10)
	b = strconv.AppendInt(append(b, ", answered="...), int64(reach.Answered), 10)
	q.Ctx.Response.Header.SetBytesV(HeaderGroup, b)
}

func (q *question) answerNewest() error {
	if q.Node.Answers.Waiting() > 0 { // making a copy first would be in vain more often than not
		if size := q.storedLarge(); size > 0 {
			return q.answerLarge(size)
		}
	}
	resp := &q.Ctx.Response
	buf := resp.SwapBody(nil)
	value, created, reach, ok := q.group.Newest(context.Background(), buf[:0], q.Params[params.Key], q.target)
	q.reached(reach)
	switch taken := int64(cap(value)); {
	case !ok:
		resp.SwapBody(buf[:0])
		return engine.ErrNotFound
	case taken <= node.KeepBuffer:
		resp.SwapBody(value)
		q.Ctx.SetContentType(exchange.TypeRaw)
		q.SetDataHeaders(nanosOf(created))
		return nil
	case q.Node.Answers.Take(taken):
		resp.SwapBody(buf[:0])
		q.Stream(value, taken, nanosOf(created))
		return nil
	default:
		resp.SwapBody(buf[:0])
		return q.answerLarge(taken) // which has no use for this copy
	}
}

// storedLarge returns the size of the store's own value if it is large, else 0.
func (q *question) storedLarge() int64 {
	if meta, ok := q.store.Stat(q.Params[params.Key]); ok && meta.Size > node.KeepBuffer {
		return int64(meta.Size)
	}
	return 0
}

// answerLarge waits for memory first.
func (q *question) answerLarge(size int64) error {
	taken, err := q.TakeMemory(size)
	if err != nil {
		return err
	}
	value, created, reach, ok := q.group.Newest(context.Background(), nil, q.Params[params.Key], q.target)
	q.reached(reach)
	if !ok {
		q.Node.Answers.Give(taken)
		return engine.ErrNotFound
	}
	q.Stream(value, taken, nanosOf(created))
	return nil
}

// nanosOf returns Unix nanoseconds, 0 if they cannot hold t.
func nanosOf(t time.Time) int64 {
	if y := t.Year(); y < 1679 || y > 2261 {
		return 0
	}
	return t.UnixNano()
}
