package tools

import (
	"bytes"
	"testing"

	"owlcache/engine/check"
)

// TestPrintCheck: nothing of the directory reaches the terminal as it is.
func TestPrintCheck(t *testing.T) {
	var b bytes.Buffer
	err := printCheck(&b, &check.Report{Status: check.Warn, Keys: 1234567, Records: 1, Bytes: 3 << 20, Warnings: 1, Findings: []check.Finding{
		{Level: check.OK, File: "LOCK", Offset: -1, Text: "in use by \x1b[31mme\u202e\xff"},
		{Level: check.Warn, File: "a\nb", Offset: 0, Text: "why", Lost: "this", Mend: "do that"},
	}})
	want := "ok    LOCK: in use by \\u001b[31mme\\u202e\ufffd\nwarn  a\\u000ab, offset 0: why; lost: this; to mend it: do that\n" +
		"warn: 1,234,567 keys and 1 record verified, 3.0 MiB; 0 failures, 1 warning\n"
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s%s", err, b.String(), want)
	}
}
