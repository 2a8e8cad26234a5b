package classic_test

import (
	"bytes"
	"encoding/base64"
	"owlcache/api/internal/apitest"
	"testing"
	"time"
)

func TestPass(t *testing.T) {
	n := apitest.Start(t, nil)
	a := n.Post("cmd", "pass", "pass", apitest.Password)
	e := a.Envelope(t)
	if a.Status != 200 || e.Results != "SUCCESS" || e.Key != "" || time.Since(e.KeyCreateTime).Abs() > time.Hour {
		t.Errorf("status %d, %s", a.Status, a.Body)
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
		if a := n.Cmd("cmd", "set", "key", "k", "token", token); a.Status != 200 {
			t.Errorf("%s: status %d, %s", name, a.Status, a.Reason())
		}
	}
}

func TestPassWrong(t *testing.T) {
	n := apitest.Start(t, nil)
	for _, pass := range []string{"", "wrong", apitest.Password + " ", apitest.Password[1:]} {
		a := n.Post("cmd", "pass", "pass", pass)
		e := a.Envelope(t)
		if a.Status != 500 || e.Results != "ERROR" || e.Data != nil || a.Reason() != "wrong password" {
			t.Errorf("pass %q: status %d, %s", pass, a.Status, a.Body)
		}
	}
}
