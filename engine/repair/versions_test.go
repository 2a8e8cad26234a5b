package repair

import "testing"

func TestVersionsDoNotSurviveARepair(t *testing.T) {
	for content, want := range map[string]string{
		`{"node":"1","peers":[{"address":"a"}],"versions":{"7":"8"}}`: "{\n\t\"node\": \"1\",\n\t\"peers\": [\n\t\t{\n\t\t\t\"address\": \"a\"\n\t\t}\n\t]\n}\n",
		`["a"]`: `["a"]`,
		`7`:     `7`,
	} {
		if got := string(withoutVersions([]byte(content))); got != want {
			t.Errorf("%s: %s", content, got)
		}
	}
}
