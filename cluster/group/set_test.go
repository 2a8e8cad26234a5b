package group

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestOwnAddresses: the node itself is one, however many of its addresses are listed and
// in whatever spelling, and is never asked.
func TestOwnAddresses(t *testing.T) {
	wide := []string{"10.0.0.5:7721", "0.0.0.0:7721", "localhost:7721", "node.example:7721"}
	for _, tt := range []struct {
		self, list, members []string
		name                string
	}{
		{wide, []string{"127.0.0.2:7721", "localhost:7721", "a:1"}, []string{"a:1"}, "127.0.0.2:7721"},
		{wide, []string{"a:1", "[::ffff:127.9.9.9]:7721", "Node.Example.:07721", "10.0.0.5:7721"}, []string{"a:1"}, "127.9.9.9:7721"},
		{wide, []string{"127.0.0.1:7722", "10.0.0.6:7721", "[::2]:7721"}, []string{"127.0.0.1:7722", "10.0.0.6:7721", "[::2]:7721"}, "10.0.0.5:7721"},
		{[]string{"127.0.0.1:7721", "localhost:7721"}, []string{"127.0.0.2:7721", "LOCALHOST:7721", "127.0.0.1:7721"}, []string{"127.0.0.2:7721"}, "localhost:7721"},
	} {
		fakes := map[string]*fakeAsker{}
		for _, m := range tt.members {
			fakes[m] = &fakeAsker{answer: has(m, asktest.At(1))}
		}
		store := storeOf(map[string]ask.Reply{"k": {Value: []byte("own"), Created: asktest.At(2)}})
		g := startGroup(t, Options{Store: store, Self: tt.self}, listOf(tt.list...), dialer(t, fakes))
		want := []string{tt.name + "=own"}
		for _, m := range tt.members {
			want = append(want, m+"="+m)
		}
		got, _ := g.Query(t.Context(), []byte("k"), "")
		if diff := cmp.Diff(want, texts(got)); diff != "" {
			t.Errorf("%v: -want +got:\n%s", tt.list, diff)
		}
		self := 0
		for _, s := range g.Status() {
			if s.Self {
				self++
			}
		}
		if n := len(g.Status()); n-self != len(tt.members) || self > 1 {
			t.Errorf("%v: %+v", tt.list, g.Status())
		}
		for _, target := range tt.self {
			if got, _ := g.Query(t.Context(), []byte("k"), target); len(got) != 1 || string(got[0].Value) != "own" {
				t.Errorf("%v: target %s: %v", tt.list, target, texts(got))
			}
		}
	}
}
