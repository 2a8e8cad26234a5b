package config

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// defaultsOfTable returns every option of the table with its default.
func defaultsOfTable() map[string]string {
	want := map[string]string{}
	for _, o := range new(Config).options() {
		want[o.Name] = o.Default
	}
	return want
}

func TestShippedFileNamesEveryOptionAtItsDefault(t *testing.T) {
	const path = "../../../../owlcache.conf"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	list := parseFile(path, data)
	for _, a := range list {
		got[a.name] = a.value
	}
	if diff := cmp.Diff(defaultsOfTable(), got); diff != "" {
		t.Errorf("owlcache.conf differs from the table (-table +file):\n%s", diff)
	}
	if _, errs := resolve(list); len(errs) > 0 {
		t.Errorf("owlcache.conf is not usable as it is: %v", errs)
	}
}

func TestDocumentNamesEveryOptionWithItsDefault(t *testing.T) {
	data, err := os.ReadFile("../../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (empty|`[^`]*`) \\|")
	for _, m := range row.FindAllStringSubmatch(string(data), -1) {
		if _, twice := got[m[1]]; twice {
			t.Errorf("%s has two rows", m[1])
		}
		if m[2] == "empty" {
			got[m[1]] = ""
			continue
		}
		got[m[1]] = strings.Trim(m[2], "`")
	}
	if diff := cmp.Diff(defaultsOfTable(), got); diff != "" {
		t.Errorf("docs/configuration.md differs from the table (-table +document):\n%s", diff)
	}
}

// The ranges in the document are those of the table.
func TestDocumentNamesTheRanges(t *testing.T) {
	data, err := os.ReadFile("../../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := Parse("f", nil)
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:empty|`[^`]*`) \\| ([^|]*) \\|")
	for _, m := range row.FindAllStringSubmatch(string(data), -1) {
		o, exact := c.Find(m[1])
		if !exact {
			continue
		}
		if !strings.HasPrefix(m[2], o.Values) {
			t.Errorf("%s: the document has the range %q, the table %q", o.Name, m[2], o.Values)
		}
	}
}
