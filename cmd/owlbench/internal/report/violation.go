package report

import (
	"fmt"
	"strings"
)

// MaxLog is how many events of a key are reported.
const MaxLog = 40

// Violation is an answer that a correct server does not give.
type Violation struct {
	Key, What string
	Log       []string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s\nhistory of %s:\n  %s", v.Key, v.What, v.Key, strings.Join(v.Log, "\n  "))
}
