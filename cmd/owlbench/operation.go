package main

// action is what an operation does.
type action uint8

const (
	actSet action = iota
	actDelete
	actExpire
)

func (a action) String() string { return [...]string{"set", "delete", "expire"}[a] }

// operation is one write of a key.
type operation struct {
	action  action
	seq     uint64 // set
	value   []byte // set
	seconds int64  // set, expire: until it expires; 0 = never
}

// result is how an operation ended.
type result uint8

const (
	done     result = iota // acknowledged
	notFound               // the answer was that there is no such key
	unknown                // there was no answer: it may be done or not
)

func (r result) String() string { return [...]string{"done", "not found", "no answer"}[r] }

// interval is when a request was under way, in Unix milliseconds.
type interval struct{ from, to int64 }
