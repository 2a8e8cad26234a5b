package group

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestMerge: the newest first by full time, the node's own first among equals, then in
// the order of the list, each node once.
func TestMerge(t *testing.T) {
	const self = "127.0.0.1:7721"
	cst := time.FixedZone("CST", 8*3600)
	fakes := map[string]*fakeAsker{
		"a:1":        {answer: has("older by a nanosecond", asktest.At(30).Add(-1))},
		"b:1":        {answer: has("b", asktest.At(30))},
		"c:1":        {answer: hasNothing},
		"d:1":        {answer: has("newest", asktest.At(31).In(cst))},
		"[::1]:7":    {answer: has("v6", asktest.At(30))},
		"fails:1":    {answer: func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, ask.ErrNoNode }},
		"year-one:1": {answer: has("year one", time.Time{})},
	}
	list := listOf("a:1", "c:1", "127.0.0.1:07721", "fails:1", "b:1", "B.:1", "d:1", "[::1]:7", "[0:0:0:0:0:0:0:1]:7", "localhost:7721", "year-one:1", "b:1")
	store := storeOf(map[string]ask.Reply{"k": {Value: []byte("own"), Created: asktest.At(30)}})
	g := startGroup(t, Options{Store: store, Self: []string{self, "localhost:7721"}}, list, dialer(t, fakes))
	for _, tt := range []struct {
		target string
		want   []string
	}{
		{"", []string{"d:1=newest", self + "=own", "b:1=b", "[::1]:7=v6", "a:1=older by a nanosecond", "year-one:1=year one"}},
		{"b:1", []string{"b:1=b"}},
		{"B:01", []string{"b:1=b"}},
		{"c:1", []string{}},
		{"fails:1", []string{}},
		{self, []string{self + "=own"}},
		{"LOCALHOST:7721", []string{self + "=own"}},
		{"[::1]:7", []string{"[::1]:7=v6"}},
		{"e:1", []string{}},
		{"nonsense", []string{}},
	} {
		for _, how := range []string{"asked", "kept"} {
			if diff := cmp.Diff(tt.want, texts(g.Query(t.Context(), []byte("k"), tt.target))); diff != "" {
				t.Errorf("target %q, %s (-want +got):\n%s", tt.target, how, diff)
			}
			value, created, _, ok := g.Newest(t.Context(), []byte("dst-"), []byte("k"), tt.target)
			switch {
			case ok != (len(tt.want) > 0):
				t.Errorf("target %q, %s: Newest finds %v", tt.target, how, ok)
			case !ok && string(value) != "dst-":
				t.Errorf("target %q, %s: Newest of nothing is %q", tt.target, how, value)
			case ok && !strings.HasSuffix(tt.want[0], "="+strings.TrimPrefix(string(value), "dst-")):
				t.Errorf("target %q, %s: Newest is %q, want %s", tt.target, how, value, tt.want[0])
			case ok && tt.target == "" && !created.Equal(asktest.At(31)):
				t.Errorf("Newest: %v", created)
			}
		}
	}
	for address, fake := range fakes {
		if n := fake.asked.Load(); n != 1 {
			t.Errorf("%s was asked %d times", address, n)
		}
	}
	answers, _ := g.Query(t.Context(), []byte("k"), "d:1")
	if _, offset := answers[0].Created.Zone(); offset != 8*3600 {
		t.Errorf("the member's time zone is lost: offset %d", offset)
	}
}

// TestOwnDataAlways: the node itself answers whether it is in the list or not.
func TestOwnDataAlways(t *testing.T) {
	store := storeOf(map[string]ask.Reply{"k": {Value: []byte("own"), Created: asktest.At(1)}})
	g := startGroup(t, Options{Store: store, Self: []string{"self:1"}}, listOf(), dialer(t, nil))
	if got := texts(g.Query(t.Context(), []byte("k"), "")); !cmp.Equal(got, []string{"self:1=own"}) {
		t.Errorf("%v", got)
	}
	if v, created, _, ok := g.Newest(t.Context(), nil, []byte("k"), ""); !ok || string(v) != "own" || !created.Equal(asktest.At(1)) {
		t.Errorf("%q, %v, %v", v, created, ok)
	}
	if v, _, _, ok := g.Newest(t.Context(), nil, []byte("none"), ""); ok || v != nil {
		t.Errorf("%q, %v", v, ok)
	}
}

func TestManyMembers(t *testing.T) {
	fakes, names := map[string]*fakeAsker{}, []string{}
	for i := range 40 {
		names = append(names, fmt.Sprintf("m%d:1", i))
		fakes[names[i]] = &fakeAsker{answer: has(names[i], asktest.At(i%60))}
	}
	g := startGroup(t, Options{}, listOf(names...), dialer(t, fakes))
	for range 2 {
		if v, _, _, ok := g.Newest(t.Context(), nil, []byte("k"), ""); !ok || string(v) != names[len(names)-1] {
			t.Errorf("%q, %v", v, ok)
		}
		if got, _ := g.Query(t.Context(), []byte("k"), ""); len(got) != len(names) || got[0].Address != names[len(names)-1] {
			t.Errorf("%d answers: %v", len(got), texts(got))
		}
	}
}

// TestOwnAddressIsNotAsked: no connection is made to the node itself.
func TestOwnAddressIsNotAsked(t *testing.T) {
	conns := make(chan struct{}, 100)
	addr := asktest.StartRaw(t, func(net.Conn, <-chan struct{}) { conns <- struct{}{} })
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	store := storeOf(map[string]ask.Reply{"k": {Value: []byte("own"), Created: asktest.At(2)}})
	list := listOf(addr, "LOCALHOST:"+port, "[::ffff:127.0.0.1]:"+port)
	g := startGroup(t, Options{Store: store, Self: []string{addr, "localhost:" + port}}, list, overHTTP)
	for _, target := range []string{"", addr, "localhost:" + port} {
		if got := texts(g.Query(t.Context(), []byte("k"), target)); !cmp.Equal(got, []string{addr + "=own"}) {
			t.Errorf("target %q: %v", target, got)
		}
	}
	if len(conns) != 0 {
		t.Error("the node has asked itself")
	}
	if s := g.Status(); len(s) != 1 || !s[0].Self || s[0].State != stateUp || s[0].Address != addr {
		t.Errorf("%+v", s)
	}
}
