package api

import (
	"testing"

	"owlcache/api/access"
)

// A table of routes with a mistake is found at the start.
func TestIndexRoutes(t *testing.T) {
	for _, bad := range [][]route{
		{{path: "/new", serve: serveLive}}, {{path: "/new", access: access.Token}},
		{{path: "/new", access: access.Token, serve: serveLive}, {path: "/new", access: access.Public, serve: serveLive}},
	} {
		if _, err := indexRoutes(bad); err == nil {
			t.Errorf("no error for %+v", bad)
		}
	}
}
