package config

import (
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	for password, good := range map[string]bool{
		"":                           false,
		"0123456789":                 false,
		"abcdefghij":                 false, // 10 characters
		"äöüäöüäöüä":                 false, // 10 characters, 20 bytes
		"abcdefghijk":                true,
		"12345678901":                false,
		"123456789012345678901234":   false,
		"1234567890a":                true,
		"correct horse battery":      true,
		strings.Repeat("long", 1000): true,
	} {
		if err := CheckPassword(password); (err == nil) != good {
			t.Errorf("CheckPassword(%.20q): %v", password, err)
		}
	}
}
