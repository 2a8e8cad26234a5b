package api

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"
)

func TestPass(t *testing.T) {
	n := start(t, nil)
	a := n.post("cmd", "pass", "pass", testPassword)
	e := a.envelope(t)
	if a.status != 200 || e.Results != "SUCCESS" || e.Key != "" || time.Since(e.KeyCreateTime).Abs() > time.Hour {
		t.Errorf("status %d, %s", a.status, a.body)
	}
	if bytes.Count(e.Data, []byte(".")) != 2 {
		t.Errorf("Data decodes to %q, want a JWT", e.Data)
	}
	for name, token := range map[string]string{
		"JWT":               string(e.Data),
		"as in Data":        base64.StdEncoding.EncodeToString(e.Data),
		"URL-safe base64":   base64.URLEncoding.EncodeToString(e.Data),
		"unpadded base64":   base64.RawStdEncoding.EncodeToString(e.Data),
		"unpadded URL-safe": base64.RawURLEncoding.EncodeToString(e.Data),
	} {
		if a := n.cmd("cmd", "set", "key", "k", "token", token); a.status != 200 {
			t.Errorf("%s: status %d, %s", name, a.status, a.reason())
		}
	}
}

func TestPassWrong(t *testing.T) {
	n := start(t, nil)
	for _, pass := range []string{"", "wrong", testPassword + " ", testPassword[1:]} {
		a := n.post("cmd", "pass", "pass", pass)
		e := a.envelope(t)
		if a.status != 500 || e.Results != "ERROR" || e.Data != nil || a.reason() != "wrong password" {
			t.Errorf("pass %q: status %d, %s", pass, a.status, a.body)
		}
	}
}
