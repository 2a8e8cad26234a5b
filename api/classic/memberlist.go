package classic

import "errors"

// Lists are the lists of members of the two groups; nil: this node has none.
type Lists struct{ Owlcache, Gossip MemberList }

// MemberList is the list of members of a group. Addresses are HOST:PORT. All methods
// may be called concurrently.
type MemberList interface {
	// Members returns the addresses in their order.
	Members() []string
	// Find returns the address as the list has it. The error is errors.Is
	// ErrUnknownMember if there is no such member.
	Find(address string) (string, error)
	// Add adds a member, durably, and returns its address as the list has it, and whether
	// it is new: one that is there stays where it is.
	Add(address string) (member string, isNew bool, err error)
	// Remove removes a member, durably, and returns its address as the list had it. The
	// error is errors.Is ErrUnknownMember if there is no such member.
	Remove(address string) (member string, err error)
}

// ErrUnknownMember is what a MemberList returns for a member that it does not have.
var ErrUnknownMember = errors.New("no such member")

// MemberError is what a MemberList returns for what it refuses. Its text is shown to
// the client; other errors are not.
type MemberError struct{ Reason string }

func (e *MemberError) Error() string { return e.Reason }
