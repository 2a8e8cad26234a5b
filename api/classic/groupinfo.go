package classic

import (
	"context"
	"encoding/base64"
	"time"

	"owlcache/api/internal/envelope"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/internal/params"
)

// answerInfo answers an array of the nodes that have the key. It is empty, with status 404, when none has.
func (q *question) answerInfo() error {
	found, taken, err := q.ask()
	if err != nil {
		return err
	}
	created, status := int64(0), 404
	if len(found) > 0 {
		created, status = nanosOf(found[0].Created), 200
	}
	if taken > 0 {
		q.Stream(q.appendInfo(make([]byte, 0, q.infoSize(found)), found), taken, created)
		q.Ctx.SetContentType(exchange.TypeJSON)
		return nil
	}
	q.SetDataHeaders(created)
	q.Build(status, exchange.TypeJSON, func(dst []byte) []byte { return q.appendInfo(dst, found) })
	return nil
}

// ask asks the group; for a large answer, taken bytes have been taken. This node's own value is a copy:
// if it is large, there has to be room before it is made. Nothing is held while room is waited for.
func (q *question) ask() (found []node.GroupAnswer, taken int64, err error) {
	own := q.storedLarge()
	for want, last := 3*own, false; ; last = true {
		if want > 0 {
			if taken, err = q.TakeMemory(want); err != nil {
				return nil, 0, err
			}
		}
		var reach node.GroupReach
		found, reach = q.group.Query(context.Background(), q.Params[params.Key], q.target)
		q.reached(reach)
		size := int64(q.infoSize(found))
		if size > node.KeepBuffer && (last || size+own <= taken) {
			return found, taken, nil
		}
		q.Node.Answers.Give(taken)
		if size <= node.KeepBuffer {
			return found, 0, nil
		}
		want = size + own // what was found is let go: nobody needs it while room is waited for
	}
}

func (q *question) infoSize(found []node.GroupAnswer) int {
	size := len("[]")
	for i := range found {
		size += 128 + len(found[i].Address) + len(q.Params[params.Key])*6 + base64.StdEncoding.EncodedLen(len(found[i].Value))
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
func (q *question) appendInfo(dst []byte, found []node.GroupAnswer) []byte {
	dst = append(dst, '[')
	for i := range found {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"Address":`...)
		dst = envelope.AppendString(dst, found[i].Address)
		dst = append(dst, `,"Data":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, found[i].Value)
		dst = append(dst, `","Key":`...)
		dst = envelope.AppendString(dst, q.Params[params.Key])
		dst = append(dst, `,"KeyCreateTime":"`...)
		dst = found[i].Created.AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `","Status":200}`...)
	}
	return append(dst, ']')
}
