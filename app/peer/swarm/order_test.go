package swarm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The package comment lists the files from the bottom up. This test resolves calls by
// name alone, so it leaves out names that several files declare.
func TestFunctionsCallOnlyFilesBelow(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(name, ".go")] = file
	}
	_, list, _ := strings.Cut(files["swarm"].Doc.Text(), "# Files")
	list, _, _ = strings.Cut(list, "# Locks")
	var order []string
	for _, line := range regexp.MustCompile(`(?m)^\t(\w+)  `).FindAllStringSubmatch(list, -1) {
		order = append(order, line[1])
	}
	declared := map[string][]string{} // the files of a function, by name
	for name, file := range files {
		if !slices.Contains(order, name) {
			t.Errorf("the package comment does not list %s", name)
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && !slices.Contains(declared[f.Name.Name], name) {
				declared[f.Name.Name] = append(declared[f.Name.Name], name)
			}
		}
	}
	if len(order) != len(files) {
		t.Errorf("the package comment lists %d files, and there are %d", len(order), len(files))
	}
	calls := 0
	for name, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			called := ""
			switch f := call.Fun.(type) {
			case *ast.Ident:
				called = f.Name
			case *ast.SelectorExpr:
				called = f.Sel.Name
			}
			// Exported names may be those of other packages.
			if in := declared[called]; len(in) == 1 && !ast.IsExported(called) {
				calls++
				if slices.Index(order, in[0]) > slices.Index(order, name) {
					t.Errorf("%s calls %s, which is above it in %s", name, called, in[0])
				}
			}
			return true
		})
	}
	if calls < 100 {
		t.Errorf("only %d calls were seen", calls)
	}
}
