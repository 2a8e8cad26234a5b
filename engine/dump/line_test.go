package dump

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"owlcache/engine"
)

func decode(line string) (e engine.Entry, err error) {
	err = decodeLine([]byte(line), &e)
	return e, err
}

func TestDecodeIsTolerantAboutForm(t *testing.T) {
	const at = 1795344617123456789 // 2026-11-22T10:50:17.123456789Z
	for _, tt := range []struct {
		line  string
		key   string
		value string
		c, e  int64
	}{
		{`{"key":"k","value":"v","created":"2026-11-22T10:50:17.123456789Z"}`, "k", "v", at, 0},
		{" \t{ \"value\" : \"v\" ,\r\n\"created\":\"2026-11-22T12:50:17.123456789+02:00\", \"key\":\"k\" } \r\n", "k", "v", at, 0},
		{`{"key":"k","value":""}`, "k", "", 0, 0},
		{`{"key_base64":"aw==","value_base64":""}`, "k", "", 0, 0},
		{`{"k\u0065y":"\u006B","value":"\"\\\/\b\f\n\r\t\u0000\u20ac\ud83e\uDD89"}`, "k", "\"\\/\b\f\n\r\t\x00€🦉", 0, 0},
		{`{"key":"k","value":"a\tb ü\n日本 c\u0001"}`, "k", "a\tb ü\n日本 c\x01", 0, 0},
		{`{"key":"k","value":"\ufffd�"}`, "k", "\ufffd\ufffd", 0, 0},
		{"{\"key\":\"k\",\"value\":\"\x7f\u009b\u2028\"}", "k", "\x7f\u009b\u2028", 0, 0},
		{`{"key":"k","value":"v","expires":"1970-01-01T00:00:01Z"}`, "k", "v", 0, 1000},
		{`{"key":"k","value":"v","expires":"1969-01-01T00:00:00Z"}`, "k", "v", 0, 1},
		{`{"key":"k","value":"v","expires":"1970-01-01T00:00:00.0019999999999Z"}`, "k", "v", 0, 1},
		{`{"key":"k","value":"v","created":"1970-01-01T00:00:00Z"}`, "k", "v", 1, 0},
		{`{"key":"k","value":"v","created":"1970-01-01T00:00:00.5-00:01"}`, "k", "v", 60_500_000_000, 0},
	} {
		e, err := decode(tt.line)
		want := engine.Entry{Key: []byte(tt.key), Value: []byte(tt.value), Created: tt.c, Expires: tt.e}
		if err != nil || !same(&e, &want) {
			t.Errorf("%s: %+v, %v", tt.line, e, err)
		}
	}
}

func TestDecodeIsStrictAboutContent(t *testing.T) {
	for line, want := range map[string]string{
		``:                                       "unexpected end of JSON input",
		`[]`:                                     "an object",
		`{`:                                      "unexpected end of JSON input",
		`{}`:                                     `"key" or "key_base64" is missing`,
		`{"key":"k"}`:                            `"value" or "value_base64" is missing`,
		`{"value":"v"}`:                          `"key" or "key_base64" is missing`,
		`{"key":"","value":"v"}`:                 "key is empty",
		`{"key":"k","value":"secret"`:            "unexpected end of JSON input",
		`{"key":"k","value":"secret`:             "unexpected end of JSON input",
		`{"key":"k","value":"secret\`:            "invalid character ' ' in ",
		`{"key":"k","value":"secret",}`:          "byte 29: invalid character '}'",
		`{"key":"k","value":"secret"}}`:          "byte 29: invalid character '}' after top-level value",
		`{"key":"k","value":"secret"} {"`:        "byte 30: invalid character '{' after top-level value",
		`{"key":"k" "value":"secret"}`:           "byte 12: invalid character '\"' after object key:value pair",
		`{"key" "k"}`:                            "byte 8: invalid character '\"' after object key",
		`{"key":1,"value":"secret"}`:             "the member key has to be a string",
		`{"key":"k","value":null}`:               "the member value has to be a string",
		`{"key":"k","value":"secret","ttl":"1"}`: `unknown member "ttl"`,
		`{"Key":"k"}`:                            `unknown member "Key"`,
		`{"` + strings.Repeat("x", 100) + `":"k"}`:                            `unknown member "` + strings.Repeat("x", 40) + `"…`,
		`{"key":"k","key":"k","value":"secret"}`:                              "a member is there twice",
		`{"key":"k","value":"secret","value_base64":""}`:                      "both are there",
		`{"key":"k","value":"secret\x"}`:                                      "byte 28: invalid character 'x' in string escape code",
		`{"key":"k","value":"secret\u12g4"}`:                                  `byte 31: invalid character 'g' in \u hexadecimal`,
		`{"key":"k","value":"secret\u12`:                                      "invalid character ' ' in ",
		`{"key":"k","value":"secret\ud800"}`:                                  "byte 27: there is half a surrogate pair",
		`{"key":"k","value":"secret\ud800\ud800"}`:                            "byte 27: there is half a surrogate pair",
		`{"key":"k","value":"secret\udc00\ud800"}`:                            "byte 27: there is half a surrogate pair",
		"{\"key\":\"k\",\"value\":\"secret\n\"}":                              `byte 27: invalid character '\n' in string literal`,
		"{\"key\":\"k\",\"value\":\"secret\xff\"}":                            "byte 27: this is not valid UTF-8",
		"{\"key\":\"k\",\"value\":\"\xed\xa0\x80\"}":                          "byte 21: this is not valid UTF-8",
		`{"key":"k","value_base64":"secret=="}`:                               "the member value_base64 is no base64",
		`{"key":"k","value_base64":"c2Vj\n"}`:                                 "the member value_base64 is no base64",
		`{"key":"k","value_base64":"c2Vjcg"}`:                                 "the member value_base64 is no base64",
		`{"key":"k","value_base64":"c2VjcX=="}`:                               "the member value_base64 is no base64",
		`{"key":"k","value":"secret","created":"yesterday"}`:                  "the member created is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:17"}`:        "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:17."}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:17.Z"}`:      "is no time",
		`{"key":"k","value":"secret","created":"2026-02-29T10:50:17Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-00-22T10:50:17Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-11-00T10:50:17Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T24:00:00Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:60Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22 10:50:17Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:17,5Z"}`:     "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:17+24:00"}`:  "is no time",
		`{"key":"k","value":"secret","created":"1969-12-31T23:59:59Z"}`:       "the member created is out of range",
		`{"key":"k","value":"secret","created":"2263-01-01T00:00:00Z"}`:       "the member created is out of range",
		`{"key":"k","value":"secret","expires":"99999-01-01T00:00:00Z"}`:      "the member expires is out of range",
		`{"key":"k","value":"secret","expires":"100000-01-01T00:00:00Z"}`:     "is no time",
		`{"key":"k","value":"secret","expires":""}`:                           "is no time",
		`{"key":"` + strings.Repeat("k", 8193) + `","value":"secret"}`:        "key is too large: 8193 bytes, at most 8192",
		`{"key":"k","value":"` + strings.Repeat("v", 16<<20+1) + `secret"}`:   "value is too large",
		"\ufeff" + `{"key":"k","value":"secret"}`:                             "byte 1: invalid character",
		`{"key":"k","value":"secret","expires":"2026-11-22T10:50:17Z"`:        "unexpected end of JSON input",
		`{"key":"k","value":"secret","expires":"2026-11-22T10:50:17Z","a":}`:  `byte 66: invalid character '}'`,
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:17Z0"}`:      "is no time",
		`{"key":"k","value":"secret","created":"+026-11-22T10:50:17Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-1122-T10:50:17Z"}`:       "is no time",
		`{"key":"k","value":"secret","created":"2026-11-22T10:50:17 +01:00"}`: "is no time",
	} {
		_, err := decode(line)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.100s: %v, want %s", line, err, want)
		}
	}
}

// TestDecodeBuildsNothingNested decodes lines of which every few bytes would be a value.
func TestDecodeBuildsNothingNested(t *testing.T) {
	for name, value := range map[string]string{
		"nested":   strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"siblings": "[" + strings.Repeat("[],", 10_000) + "[]]",
		"objects":  "[" + strings.Repeat("{},", 10_000) + "{}]",
	} {
		line := []byte(`{"key":` + value + `}`)
		var err error
		allocs := testing.AllocsPerRun(3, func() {
			var e engine.Entry
			err = decodeLine(line, &e)
		})
		if err == nil || !strings.Contains(err.Error(), "the member key has to be a string") {
			t.Errorf("%s: %v", name, err)
		}
		if allocs > 50 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

// texts draws what is text, almost text, or none.
func texts(t *rapid.T, name string, least int) []byte {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{
		"a", "key:", "0123456789abcdef", `"`, `\`, "/", "\x00", "\n", "\x1f", "\x7f", "\x80", "\xc2", "\u0080", "\u009f", "\u00a0", "ü", "\u07ff",
		"\u0800", "\u2028", "\ufffd", "\uffff", "\U00010000", "\U0010ffff", "\xed\xa0\x80", "\xf0\x9f", "\xff", "<&>", `\u0041`,
	}), least, 12).Draw(t, name)
	return []byte(strings.Join(parts, ""))
}

func TestLineRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := engine.Entry{
			Key:     texts(t, "key", 1),
			Value:   texts(t, "value", 0),
			Created: rapid.Int64Range(1, 1<<63-2e9).Draw(t, "created"),
			Expires: rapid.Int64Range(0, maxExpires).Draw(t, "expires"),
		}
		line := appendLine(nil, &want)
		if bytes.IndexByte(line, '\n') != len(line)-1 || !utf8.Valid(line) || !json.Valid(line) {
			t.Fatalf("no line of JSON: %q", line)
		}
		if i := bytes.IndexFunc(line[:len(line)-1], func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }); i >= 0 {
			t.Fatalf("a control character: %q", line)
		}
		var got engine.Entry
		if err := decodeLine(bytes.Clone(line), &got); err != nil || !same(&got, &want) {
			t.Fatalf("%q: %+v, %v", line, got, err)
		}
		// What others read of it is the same.
		if j, err := decodeJSON(line); err != nil || !same(&j, &want) {
			t.Fatalf("%q: %+v, %v", line, j, err)
		}
	})
}

// decodeJSON is the decoder by way of encoding/json.
func decodeJSON(line []byte) (e engine.Entry, err error) {
	var j struct {
		Key         *string    `json:"key"`
		KeyBase64   *[]byte    `json:"key_base64"`
		Value       *string    `json:"value"`
		ValueBase64 *[]byte    `json:"value_base64"`
		Created     *time.Time `json:"created"`
		Expires     *string    `json:"expires"`
	}
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&j); err != nil {
		return e, err
	}
	if in.More() {
		return e, errors.New("more")
	}
	if j.Key != nil {
		e.Key = []byte(*j.Key)
	} else if j.KeyBase64 != nil {
		e.Key = *j.KeyBase64
	}
	if j.Value != nil {
		e.Value = []byte(*j.Value)
	} else if j.ValueBase64 != nil {
		e.Value = *j.ValueBase64
	}
	if j.Created != nil {
		e.Created = max(1, j.Created.UnixNano())
	}
	if j.Expires != nil {
		s, add := *j.Expires, int64(0)
		if len(s) > 5 && s[5] == '-' { // a year that the time package does not read: 8000 years earlier the calendar is the same
			var year int
			if _, err := fmt.Sscanf(s[:5], "%d", &year); err != nil {
				return e, err
			}
			s = fmt.Sprintf("%04d%s", year-8000, s[5:])
			add = 8000 / 400 * 146097 * 24 * 3600 * 1000 // milliseconds
		}
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return e, err
		}
		e.Expires = max(1, at.UnixMilli()+add)
	}
	return e, nil
}

func FuzzDecode(f *testing.F) {
	list := goldenEntries()
	for i := range list {
		f.Add(appendLine(nil, &list[i]))
	}
	f.Add([]byte(`{"value":"\ud83e\udd89\u0000","created":"2026-11-22T12:50:17+02:00","key":"k" } `))
	f.Add([]byte(`{"key":"k","value":"\ud800"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		theirs, theirErr := decodeJSON(line)
		var e engine.Entry
		if err := decodeLine(bytes.Clone(line), &e); err != nil {
			if theirErr == nil && len(theirs.Key) > 0 {
				// Refused for a reason; as this package writes it, it is not.
				checkRoundTrip(t, &theirs)
			}
			return
		}
		if theirErr != nil {
			t.Fatalf("%q is taken for %+v, but: %v", line, e, theirErr)
		}
		if !same(&e, &theirs) {
			t.Fatalf("%q: %+v, but encoding/json: %+v", line, e, theirs)
		}
		checkRoundTrip(t, &e)
	})
}

func checkRoundTrip(t *testing.T, e *engine.Entry) {
	t.Helper()
	if len(e.Key) > engine.MaxKeySize || e.Created < 0 || e.Created > 1<<63-2e9 || e.Expires > maxExpires {
		return
	}
	var back engine.Entry
	line := appendLine(nil, e)
	if err := decodeLine(bytes.Clone(line), &back); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if back.Created == 1 {
		back.Created = e.Created // nothing is kept of times before
	}
	if !same(&back, e) {
		t.Fatalf("%q: %+v, want %+v", line, back, e)
	}
}

func TestTextLen(t *testing.T) {
	for _, e := range goldenEntries() {
		for _, s := range [][]byte{e.Key, e.Value} {
			if got := len(appendText(nil, s, 0)); utf8.Valid(s) && got != textLen(s) {
				t.Errorf("%q: %d bytes, want %d", s, textLen(s), got)
			}
		}
	}
}

func TestPlainLen(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 16, 23} {
		s := bytes.Repeat([]byte("~"), n)
		if got := plainLen(s); got != n {
			t.Errorf("%d plain bytes: %d", n, got)
		}
		for i := range n {
			for c := range 256 {
				b := bytes.Clone(s)
				b[i] = byte(c)
				want := i
				if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
					want = n
				}
				if got := plainLen(b); got != want {
					t.Fatalf("byte %#x at %d of %d: %d, want %d", c, i, n, got, want)
				}
			}
		}
	}
}

func benchEntries(binary bool) []engine.Entry {
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]engine.Entry, 1000)
	now := time.Now().UnixNano()
	for i := range list {
		value := make([]byte, 85)
		for j := range value {
			value[j] = byte(random.UintN(256))
			if !binary {
				value[j] = 'a' + value[j]%26
			}
		}
		list[i] = engine.Entry{Key: fmt.Appendf(nil, "key:%08d", i), Value: value, Created: now + random.Int64N(3600e9)}
		if i%2 == 0 {
			list[i].Expires = now/1e6 + random.Int64N(3600e3)
		}
	}
	return list
}

func BenchmarkEncode(b *testing.B) {
	for _, binary := range []bool{false, true} {
		b.Run(fmt.Sprintf("binary=%v", binary), func(b *testing.B) {
			var dst []byte
			list := benchEntries(binary)
			b.SetBytes(97)
			for i := 0; b.Loop(); i++ {
				dst = appendLine(dst[:0], &list[i%len(list)])
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, binary := range []bool{false, true} {
		b.Run(fmt.Sprintf("binary=%v", binary), func(b *testing.B) {
			var lines [][]byte
			list := benchEntries(binary)
			for i := range list {
				lines = append(lines, appendLine(nil, &list[i]))
			}
			var e engine.Entry
			var line []byte
			b.SetBytes(97)
			for i := 0; b.Loop(); i++ {
				line = append(line[:0], lines[i%len(lines)]...)
				if err := decodeLine(line, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
