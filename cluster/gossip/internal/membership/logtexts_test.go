package membership

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"owlcache/cluster/gossip/internal/transport"
)

// TestTextsOfMemberlist holds that the texts by which its log and its errors are told apart
// stand in the source of the version in go.mod. Otherwise a new version goes unnoticed, and
// what the log says is not counted.
func TestTextsOfMemberlist(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command to find the source with")
	}
	out, err := exec.CommandContext(t.Context(), goTool, "list", "-m", "-f", "{{.Dir}}", "github.com/hashicorp/memberlist").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	literals := literalsIn(t, strings.TrimSpace(string(out)))
	for _, text := range memberlistTexts() {
		if !slices.ContainsFunc(literals, func(l string) bool { return strings.Contains(l, text) }) {
			t.Errorf("%q is not in memberlist any more", text)
		}
	}
}

// memberlistTexts returns all texts that a Group looks for.
func memberlistTexts() []string {
	texts := []string{joinFailed, noKey, exchangeFailed, "[DEBUG] ", "[INFO] ", "[WARN] ", "[ERR] "}
	for _, r := range lineRules() {
		if r.text != transport.ErrDown.Error() { // our own
			texts = append(texts, r.text)
		}
	}
	return texts
}

// literalsIn returns the strings in the Go files of a directory, without those of tests.
func literalsIn(t *testing.T, dir string) (literals []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %q: %v", dir, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Error(err)
				}
				literals = append(literals, text)
			}
			return true
		})
	}
	return literals
}
