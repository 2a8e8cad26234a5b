package term

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"
	"time"
)

func TestShownText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":            "plain",
		"世界":               "世界",
		"\x1b[31m\x7f":     `\x1b[31m\x7f`,
		"\xff\u009b\u202e": `\xff\u009b\u202e`,
		"a\nb":             `a\nb`,
		"\uFFFD":           `\ufffd`,
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestShownSpan(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0:                          "0s",
		1500 * time.Microsecond:    "2ms",
		59 * time.Second:           "59s",
		3600 * time.Second:         "1h",
		3661 * time.Second:         "1h1m",
		3601 * time.Second:         "1h",
		49*time.Hour + time.Minute: "2d1h",
		400 * 24 * time.Hour:       "1y35d",
		3599*time.Second + 7e8:     "1h",
	} {
		if got := Span(in); got != want {
			t.Errorf("%d: got %s, want %s", in, got, want)
		}
	}
}

func TestTableFindsItsWidths(t *testing.T) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	table := NewTable(w, ">N", "NAME", "LAST")
	table.hold = 2
	for i, name := range []string{"a", "wide…", "b", "much wider than before"} {
		table.Row(fmt.Sprint(i*i*i*i), name, "end")
	}
	table.End()
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := " N  NAME   LAST\n 0  a      end\n 1  wide…  end\n16  b      end\n81  much wider than before  end\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
