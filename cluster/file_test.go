package cluster

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestParseList(t *testing.T) {
	for _, tt := range []struct {
		content string
		want    []string
	}{
		{"null", nil}, {" null\n", nil}, {"[]", nil},
		{twoMembers, []string{"127.0.0.1:7721", "[::1]:7723"}},
		{`[{"Address":"a:1"},{"Address":"A:01"},{"Address":"b:1"},{"Address":"a:1"}]`, []string{"a:1", "b:1"}},
		{`[{"Cmd":7,"address":"a:1","Pass":"secret","Token":null,"Weight":{"Address":"x"},"more":[1]}]`, []string{"a:1"}},
		{`[{"Address":"b:1","Address":"a:1"}]`, []string{"a:1"}},
		{`[{"Address":"\u0061:1"}]`, []string{"a:1"}},
	} {
		got, err := parseList([]byte(tt.content))
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v, want %q", tt.content, got, err, tt.want)
		}
	}
}

func TestParseListNamesThePlace(t *testing.T) {
	for _, tt := range []struct{ content, want string }{
		{"", "f: the file is empty: an empty list is written null"},
		{" \n\t", "f: the file is empty: an empty list is written null"},
		{"{}", `f:1:1: want a list of members: [{"Address": "HOST:PORT"}]`},
		{" 7", `f:1:2: want a list of members: [{"Address": "HOST:PORT"}]`},
		{`"a:1"`, `f:1:5: want a list of members: [{"Address": "HOST:PORT"}]`},
		{"[\n", "f:2:1: unexpected end of JSON input"},
		{"[\n  {\"Address\": \"a:1\"},\n]", "f:3:1: invalid character ']' looking for beginning of value"},
		{"[]\n[]", "f:2:1: invalid character '[' after top-level value"},
		{"[\n null]", `f:2:2: a member is written {"Address": "HOST:PORT"}`},
		{"[\n \"a:1\"]", `f:2:2: a member is written {"Address": "HOST:PORT"}`},
		{"[\n {\"Addr\":\"a:1\"}]", `f:2:2: a member is written {"Address": "HOST:PORT"}`},
		{"[\n {\"Address\":7}]", `f:2:2: a member is written {"Address": "HOST:PORT"}`},
		{"[{\"Address\":\"a:1\"},\n {\"Cmd\":\"\",\n  \"Address\" : \"a:0\"}]", `f:3:15: address "a:0": the port must be a number from 1 to 65535`},
	} {
		_, err := parseList([]byte(tt.content))
		if err == nil {
			t.Errorf("%q: no error", tt.content)
			continue
		}
		if got := placed("f", []byte(tt.content), err).Error(); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.content, got, tt.want)
		}
	}
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte(twoMembers))
	f.Add([]byte("[\n\t{\"Address\": \"a\"}\n]"))
	f.Add([]byte(`[{"Address":"a:1"},{"address":"B:2","Pass":"p"}]`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, content []byte) {
		members, err := parseList(content)
		if err != nil {
			var file *FileError
			if !errors.As(placed("f", content, err), &file) || file.Line < 0 || file.Column < 0 || file.Line > len(content)+1 {
				t.Fatalf("%q: %v", content, file)
			}
			return
		}
		written, err := formatList(members)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseList(written); err != nil || !slices.Equal(again, members) {
			t.Fatalf("%q is written as %s: %v", members, written, fmt.Sprint(again, err))
		}
	})
}
