package load

import "testing"

func TestTemplates(t *testing.T) {
	load := Options{Keys: 10, Value: 3}
	value := SampleValue(3)
	owl := HTTPTarget("x", "a+b", load)
	redis := RedisTarget("x", load)
	tests := []struct {
		name string
		t    Template
		key  uint64
		want string
	}{
		{"get", owl.Get, 42, "GET /data/?cmd=get&key=key-000000000042 HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"set", owl.Set, 0, "GET /data/?cmd=set&key=key-000000000000&valuedata=" + value + "&token=a%2Bb HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"redis get", redis.Get, 999999999999, "*2\r\n$3\r\nGET\r\n$16\r\nkey-999999999999\r\n"},
		{"redis set", redis.Set, 7, "*3\r\n$3\r\nSET\r\n$16\r\nkey-000000000007\r\n$3\r\n" + value + "\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(tt.t.Append([]byte("before"), tt.key))
			if got != "before"+tt.want {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestSampleValue(t *testing.T) {
	a, b := SampleValue(100), SampleValue(100)
	if len(a) != 100 || a != b {
		t.Errorf("%q and %q", a, b)
	}
}
