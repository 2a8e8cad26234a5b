package config

import "testing"

func TestURLCacheConfiguration(t *testing.T) {
	parse := func(lines string) (*Config, []error) {
		return Parse("f", []byte(lines))
	}
	for _, tt := range []struct{ name, path string }{
		{"sites.xml", "data/sites.xml"}, {"sub/s.xml", "data/sub/s.xml"}, {"/etc/owlcache/sites.xml", "/etc/owlcache/sites.xml"},
		{"../sites.xml", ""}, {"a/../../b", ""}, {"..", ""},
	} {
		c, errs := parse("Urlcache_Filename " + tt.name)
		if (len(errs) == 0) != (tt.path != "") {
			t.Errorf("%s: %v", tt.name, errs)
		}
		if tt.path != "" && c.SitesPath() != tt.path {
			t.Errorf("%s is %s", tt.name, c.SitesPath())
		}
	}
	for lines, want := range map[string]int{"": 0, "Urlcache_Request_Easy 1": 1, "Urlcache_Request_Easy 1\nOpen_Urlcache 1": 0, "Open_Urlcache 1": 0} {
		if c, errs := parse(lines); len(errs) > 0 || len(c.Warnings()) != want {
			t.Errorf("%q: %v, %q", lines, errs, c.Warnings())
		}
	}
}
