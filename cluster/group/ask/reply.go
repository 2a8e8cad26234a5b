package ask

import "time"

// Reply is what a member has under a key.
type Reply struct {
	Found   bool
	Value   []byte // nobody else's, and not to be changed
	Created time.Time
}

// ProbeKey is what a member is asked for to learn whether it is there. Any answer will do.
const ProbeKey = "owlcache-probe"

// FailuresToTrip is how many failures in a row make a member count as down. One that has
// used up all the time there is makes it so at once: nobody shall wait a second time.
const FailuresToTrip = 3
