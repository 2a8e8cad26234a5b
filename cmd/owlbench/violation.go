package main

import (
	"fmt"
	"strings"
)

// logLength is how many events of a key are reported.
const logLength = 40

// violation is an answer that a correct server does not give.
type violation struct {
	key, what string
	log       []string
}

func (v *violation) Error() string {
	return fmt.Sprintf("%s: %s\nhistory of %s:\n  %s", v.key, v.what, v.key, strings.Join(v.log, "\n  "))
}
