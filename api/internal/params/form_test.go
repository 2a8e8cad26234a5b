package params

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
)

func TestParseForm(t *testing.T) {
	for form, want := range map[string]Params{
		"":                         {},
		"&&=&x=1&;":                {},
		"cmd=get&key=a+b%20c%2Bd":  {Cmd: []byte("get"), Key: []byte("a b c+d")},
		"key=1&key=2":              {Key: []byte("1")},
		"key&cmd=get":              {Cmd: []byte("get")},
		"k%65y=x&%63md=get":        {Key: []byte("x"), Cmd: []byte("get")},
		"key=a=b&valuedata==":      {Key: []byte("a=b"), Value: []byte("=")},
		"valuedata=%00%ff%0D%0a;":  {Value: []byte("\x00\xff\r\n;")},
		"exptime=1&pass=p&token=t": {Exptime: []byte("1"), Pass: []byte("p"), Token: []byte("t")},
		"owl_token=o&token=":       {OwlToken: []byte("o")},
		"Key=x&KEY=y&cmd%20=z":     {},
	} {
		var got Params
		if err := got.ParseForm([]byte(form)); err != nil {
			t.Errorf("%q: %v", form, err)
		}
		for p := range count {
			if !bytes.Equal(got[p], want[p]) {
				t.Errorf("%q: parameter %d is %q, want %q", form, p, got[p], want[p])
			}
		}
	}
	for _, form := range []string{"key=%", "key=%1", "key=%zz", "key=a%4g", "cmd=get&key=%&valuedata=v", "%=1", "ke%yy=1"} {
		var got Params
		if err := got.ParseForm([]byte(form)); err == nil || len(got[Key]) != 0 {
			t.Errorf("%q: key %q, error %v", form, got[Key], err)
		}
	}
}

// FuzzForm compares with net/url, which also refuses a broken escape and, other
// than this parser, a semicolon.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "cmd=get&key=a+b%20c", "key=%", "k%65y=1", "a=b=c&&=", "valuedata=%00%ff", "key=1&key=2"} {
		f.Add(s)
	}
	names := []string{"cmd", "key", "valuedata", "exptime", "pass", "token", "owl_token"}
	f.Fuzz(func(t *testing.T, form string) {
		var got Params
		err := got.ParseForm([]byte(form))
		if strings.Contains(form, ";") {
			return
		}
		want, wantErr := url.ParseQuery(form)
		if err != nil && wantErr == nil {
			t.Fatalf("%q: %v", form, err)
		}
		if wantErr != nil {
			return // it may be in a parameter that is not ours
		}
		for i, name := range names {
			if string(got[i]) != want.Get(name) {
				t.Fatalf("%q: %s is %q, want %q", form, name, got[i], want.Get(name))
			}
		}
	})
}

func FuzzMultipart(f *testing.F) {
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nvalue\r\n--b--\r\n")
	f.Add("multipart/form-data", "")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		var got Params
		if err := got.ParseMultipart(contentType, []byte(body)); err != nil {
			return
		}
		for p := range count {
			if v := got[p]; len(v) > 0 && !strings.Contains(body, string(v)) {
				t.Fatalf("parameter %d is %q, which was not sent", p, v)
			}
		}
	})
}
