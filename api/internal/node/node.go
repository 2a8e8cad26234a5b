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

// KeepBuffer is in bytes: larger bodies and answers are counted against a budget, and not kept.
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

	// Set before the gate opens, if at all.
	Group    Part[Group]
	Sync     Part[Sync]
	Importer Part[Importer] // of missing keys
}

// New makes a node that stops when running ends. maxMemory is for large requests, and as much for answers.
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

// Part is a part of the node that comes after the server was made, if it comes.
type Part[T any] struct{ p atomic.Pointer[T] }

// Set sets the part.
func (p *Part[T]) Set(v T) { p.p.Store(&v) }

// Get returns the part, nil if there is none.
func (p *Part[T]) Get() (v T) {
	if q := p.p.Load(); q != nil {
		v = *q
	}
	return v
}

// LogPanic logs p with the caller's stack, which shows addresses and lengths but no content.
func (n *Node) LogPanic(doing string, p any) {
	n.Logger.Error("panic while "+doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}
