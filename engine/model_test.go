package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"
)

// twin is the plain map that a store must agree with.
type twin struct {
	value   string
	created int64
	expires int64
	version Version
}

func (e twin) live() bool { return e.expires == 0 || time.Now().UnixMilli() < e.expires }

// TestStoreAgainstMap does random commits, with restarts, checkpoints, compactions
// and sweeps in between, and compares the store with a plain map.
func TestStoreAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		opts := Options{
			SegmentSize:    4 << 10,
			Sync:           rapid.SampledFrom([]string{"always", "no"}).Draw(r, "sync"),
			TombstoneGrace: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(r, "grace"),
			compactAbove:   1,
		}
		m := &model{t: r, opts: opts, twin: map[string]twin{}, path: t.TempDir()}
		m.start()
		defer func() { _ = m.store.stop() }()
		r.Repeat(map[string]func(*rapid.T){
			"commit":     m.commit,
			"checkpoint": m.checkpoint,
			"restart":    m.restart,
			"sweep":      func(*rapid.T) { m.store.sweepOnce(context.Background(), time.Now()) },
			"":           m.check,
		})
	})
}

type model struct {
	t     *rapid.T
	opts  Options
	path  string
	store *node
	twin  map[string]twin
}

func (m *model) start() {
	s, err := tryNode(m.path, m.opts)
	if err != nil {
		m.t.Fatalf("start: %v", err)
	}
	s.checkpoint.folder.budget, s.checkpoint.folder.batchKeys = func() int64 { return 2000 }, 3 // several passes, several transactions
	m.store = s
}

func (m *model) restart(r *rapid.T) {
	if err := m.store.stop(); err != nil {
		r.Fatalf("stop: %v", err)
	}
	m.start()
}

func (m *model) checkpoint(r *rapid.T) {
	if err := m.store.Checkpoint(context.Background()); err != nil {
		r.Fatalf("checkpoint: %v", err)
	}
}

// commit draws a commit and does it on both.
func (m *model) commit(r *rapid.T) {
	ops := make([]Op, rapid.IntRange(1, 6).Draw(r, "n"))
	for i := range ops {
		ops[i] = Op{
			Kind:    rapid.SampledFrom([]Kind{Set, Set, Set, Delete, Expire}).Draw(r, "kind"),
			If:      rapid.SampledFrom([]Condition{Always, Always, IfAbsent, IfVersionIs}).Draw(r, "if"),
			Key:     fmt.Appendf(nil, "k%d", rapid.IntRange(0, 12).Draw(r, "key")),
			Expires: rapid.SampledFrom([]int64{0, 0, 1, time.Now().Add(time.Hour).UnixMilli()}).Draw(r, "expires"),
		}
		if ops[i].Kind == Set {
			ops[i].Value = rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r, "value")
		}
		if ops[i].If == IfVersionIs && rapid.Bool().Draw(r, "right") {
			ops[i].Version = m.twin[string(ops[i].Key)].version
		}
	}
	if err := m.store.Commit(ops); err != nil {
		r.Fatalf("commit: %v", err)
	}
	for i := range ops {
		if want := m.apply(&ops[i]); !errors.Is(ops[i].Err, want) || want == nil && ops[i].Err != nil {
			r.Fatalf("operation %d, %+v: want %v", i, ops[i], want)
		}
	}
}

// apply does op on the twin and returns the error it should have had.
func (m *model) apply(op *Op) error {
	e, there := m.twin[string(op.Key)]
	live := there && e.live()
	switch {
	case op.If == IfAbsent && live:
		return ErrExists
	case op.If == IfVersionIs && (!live || e.version != op.Version):
		return ErrVersion
	case op.Kind != Set && !live:
		return ErrNotFound
	case op.Kind == Delete:
		delete(m.twin, string(op.Key))
		return nil
	case op.Kind == Expire:
		e.expires, e.version = op.Expires, op.Meta.Version
	default:
		e = twin{value: string(op.Value), created: op.Meta.Created, expires: op.Expires, version: op.Meta.Version}
	}
	m.twin[string(op.Key)] = e
	return nil
}

func (m *model) check(r *rapid.T) {
	live := int64(0)
	for i := range 13 {
		key := fmt.Sprintf("k%d", i)
		e, there := m.twin[key]
		want := there && e.live()
		got, meta, ok := m.store.Get(nil, []byte(key))
		if ok != want {
			r.Fatalf("%s: there %v, want %v", key, ok, want)
		}
		if ok && (string(got) != e.value || meta != Meta{Version: e.version, Created: e.created, Expires: e.expires, Size: len(e.value)}) {
			r.Fatalf("%s: %q, %+v; want %+v", key, got, meta, e)
		}
		if want {
			live++
		}
	}
	if st := m.store.Stats(); st.Keys < live {
		r.Fatalf("%d keys counted, %d are live", st.Keys, live)
	}
}

// registerInput is one operation on one key, for the linearizability checker.
type registerInput struct {
	kind   Kind // 0 = get
	absent bool // create only
	value  string
}

// registerModel is a key as porcupine sees it: its value, or "" for none.
func registerModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, output any) (bool, any) {
			in, out := input.(registerInput), output.(string)
			switch {
			case in.kind == 0:
				return out == state, state
			case in.kind == Set && in.absent && state != "":
				return out == "exists", state
			case in.kind == Set:
				return out == "ok", in.value
			case in.kind == Delete && state == "":
				return out == "missing", state
			}
			return out == "ok", ""
		},
	}
}

// TestHistoriesAreLinearizable runs concurrent clients on one key at a time.
func TestHistoriesAreLinearizable(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	for round := range 15 {
		key := fmt.Appendf(nil, "key%d", round)
		var mu sync.Mutex
		var history []porcupine.Operation
		var wg sync.WaitGroup
		for client := range 8 {
			wg.Go(func() {
				for i := range 12 {
					in := registerInput{value: fmt.Sprintf("%d.%d", client, i)}
					switch (client + i*5) % 5 {
					case 0, 1:
						in.kind = Set
					case 2:
						in.kind, in.absent = Set, true
					case 3:
						in.kind = Delete
					}
					call := time.Now().UnixNano()
					out := s.register(key, in)
					end := time.Now().UnixNano()
					mu.Lock()
					history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: end})
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		sort.Slice(history, func(i, j int) bool { return history[i].Call < history[j].Call })
		if res := porcupine.CheckOperationsTimeout(registerModel(), history, 30*time.Second); res != porcupine.Ok {
			t.Fatalf("round %d: history is %v", round, res)
		}
	}
}

// register does one operation and says what came of it.
func (n *node) register(key []byte, in registerInput) string {
	if in.kind == 0 {
		v, _, _ := n.Get(nil, key)
		return string(v)
	}
	ops := []Op{{Kind: in.kind, Key: key}}
	if in.kind == Set {
		ops[0].Value = []byte(in.value)
	}
	if in.absent {
		ops[0].If = IfAbsent
	}
	if err := n.Commit(ops); err != nil {
		return err.Error()
	}
	switch {
	case errors.Is(ops[0].Err, ErrExists):
		return "exists"
	case errors.Is(ops[0].Err, ErrNotFound):
		return "missing"
	case ops[0].Err != nil:
		return ops[0].Err.Error()
	}
	return "ok"
}
