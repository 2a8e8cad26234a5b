package load

// Action is what an operation does.
type Action uint8

// The actions.
const (
	ActSet Action = iota
	ActDelete
	ActExpire
)

// String returns the name of the command.
func (a Action) String() string { return [...]string{"set", "delete", "expire"}[a] }

// Operation is one write of a key.
type Operation struct {
	Action  Action
	Seq     uint64 // set
	Value   []byte // set
	Seconds int64  // set, expire: until it expires; 0 = never
}

// Result is how an operation ended.
type Result uint8

// The results.
const (
	Done     Result = iota // acknowledged
	NotFound               // the answer was that there is no such key
	Unknown                // there was no answer: it may be done or not
)

// String says how it ended.
func (r Result) String() string { return [...]string{"done", "not found", "no answer"}[r] }

// Interval is when a request was under way, in Unix milliseconds.
type Interval struct{ From, To int64 }
