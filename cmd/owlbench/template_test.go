package main

import "testing"

func TestTemplates(t *testing.T) {
	load := loadOptions{Keys: 10, Value: 3}
	value := sampleValue(3)
	owl := owlcacheTarget("x", "a+b", load)
	redis := redisTarget("x", load)
	tests := []struct {
		name string
		t    template
		key  uint64
		want string
	}{
		{"get", owl.get, 42, "GET /data/?cmd=get&key=key-000000000042 HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"set", owl.set, 0, "GET /data/?cmd=set&key=key-000000000000&valuedata=" + value + "&token=a%2Bb HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"redis get", redis.get, 999999999999, "*2\r\n$3\r\nGET\r\n$16\r\nkey-999999999999\r\n"},
		{"redis set", redis.set, 7, "*3\r\n$3\r\nSET\r\n$16\r\nkey-000000000007\r\n$3\r\n" + value + "\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(tt.t.append([]byte("before"), tt.key))
			if got != "before"+tt.want {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestSampleValue(t *testing.T) {
	a, b := sampleValue(100), sampleValue(100)
	if len(a) != 100 || a != b {
		t.Errorf("%q and %q", a, b)
	}
}
