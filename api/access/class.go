package access

// Class says who may use a route or a command. The zero value is no class, so that one that
// was forgotten is found at the start and by the tests.
type Class uint8

// The classes.
const (
	Public     Class = iota + 1 // anybody
	Login                       // anybody: it is where a token is given out
	Token                       // with a valid token
	PerCommand                  // as the table of its commands says
)
