package engine

import "testing"

func TestMarksDoNotSurviveARepair(t *testing.T) {
	for content, want := range map[string]string{
		`{"node":"1","peers":[{"address":"a","mark":"7","seen":"x"},{"mark":"8"},3]}`: "{\n\t\"node\": \"1\",\n\t\"peers\": [\n\t\t{\n\t\t\t\"address\": \"a\",\n\t\t\t\"seen\": \"x\"\n\t\t},\n\t\t{},\n\t\t3\n\t]\n}\n",
		`{"peers":null}`: "{\n\t\"peers\": null\n}\n",
		`["a"]`:          `["a"]`,
		`7`:              `7`,
	} {
		if got := string(withoutMarks([]byte(content))); got != want {
			t.Errorf("%s: %s", content, got)
		}
	}
}
