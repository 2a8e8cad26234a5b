package api_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"owlcache/api"
	"owlcache/api/internal/apitest"
)

func BenchmarkHandlerGroupGet(b *testing.B) {
	benchGroupHandler(b, "/group_data/?cmd=get&key=hello", 200)
}

func BenchmarkHandlerGroupInfo(b *testing.B) {
	benchGroupHandler(b, "/group_data/?cmd=get&key=hello&valuedata=info", 200)
}

func benchGroupHandler(b *testing.B, uri string, want int) {
	s, c, _ := benchServer(b)
	found := []api.GroupAnswer{}
	for i := range 3 {
		found = append(found, api.GroupAnswer{Address: fmt.Sprintf("127.0.0.1:%d", i), Value: make([]byte, 100), Created: time.Unix(int64(i), 0)})
	}
	slices.SortFunc(found, func(x, y api.GroupAnswer) int { return cmp.Compare(y.Created.Unix(), x.Created.Unix()) })
	s.SetGroup(&apitest.Group{Answers: map[string][]api.GroupAnswer{"hello": found}})
	var ctx fasthttp.RequestCtx
	ctx.Init2(c, nil, false)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Request.Header.SetRequestURI(uri)
		ctx.Request.Header.SetHost("127.0.0.1:7721")
		s.Handle(&ctx)
		if ctx.Response.StatusCode() != want {
			b.Fatalf("status %d: %s", ctx.Response.StatusCode(), ctx.Response.Body())
		}
		ctx.Request.Reset()
		ctx.Response.Reset()
	}
}
