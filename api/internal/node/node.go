package node

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"owlcache/api/access"
)

// KeepBuffer is the size in bytes up to which buffers are kept for the next request. A
// larger body or answer is large: it is counted against a budget.
const KeepBuffer = 64 << 10

// Node is what all requests share.
type Node struct {
	Gate         *Gate
	Access       *access.Guard
	Requests     *Budget // large request bodies
	Answers      *Budget // large values on their way out
	MaxValueSize int     // bytes
	Logger       *slog.Logger
	Now          func() time.Time
	Running      context.Context // ends when the server stops
	Stopping     <-chan struct{} // of Running; asking it takes no lock

	group    atomic.Pointer[Group]
	sync     atomic.Pointer[Sync]
	importer atomic.Pointer[Importer]
}

// New makes a node that stops when running ends, with maxMemory bytes each for large requests
// and large answers.
func New(running context.Context, opts access.Options, maxValueSize int, maxMemory int64, logger *slog.Logger) *Node {
	n := &Node{
		Gate:         newGate(running.Done()),
		Requests:     NewBudget(maxMemory),
		Answers:      NewBudget(maxMemory),
		MaxValueSize: maxValueSize,
		Logger:       logger,
		Now:          time.Now,
		Stopping:     running.Done(),
		Running:      running,
	}
	n.Access = access.New(opts, func() time.Time { return n.Now() }, logger)
	return n
}

// Stopped tells whether the server stops.
func (n *Node) Stopped() bool {
	select { // unlike the Err of a context, this takes no lock
	case <-n.Stopping:
		return true
	default:
		return false
	}
}

// NotServing says why there is no store to serve from.
func (n *Node) NotServing() string {
	if n.Stopped() {
		return "shutting down"
	}
	return n.Gate.Status()
}

// SetGroup sets the owlcache group. It is called before the gate opens, as the next two are.
func (n *Node) SetGroup(g Group) { n.group.Store(&g) }

// SetSync sets the node's data sync.
func (n *Node) SetSync(s Sync) { n.sync.Store(&s) }

// SetImporter sets what looks for missing keys.
func (n *Node) SetImporter(i Importer) { n.importer.Store(&i) }

// Group returns the owlcache group, nil if there is none.
func (n *Node) Group() Group { return loaded(&n.group) }

// Sync returns the data sync, nil if it is off.
func (n *Node) Sync() Sync { return loaded(&n.sync) }

// Importer returns what looks for missing keys, nil if nothing does.
func (n *Node) Importer() Importer { return loaded(&n.importer) }

func loaded[T any](p *atomic.Pointer[T]) (v T) {
	if q := p.Load(); q != nil {
		v = *q
	}
	return v
}

// LogPanic logs p with the stack of the calling goroutine. Stacks show addresses and lengths
// of arguments, not their content.
func (n *Node) LogPanic(doing string, p any) {
	n.Logger.Error("panic while "+doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}
