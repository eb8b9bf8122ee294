//go:build !darwin || cgo

package desktop

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// prose matches what people read: a word that starts a sentence, or two words.
var prose = regexp.MustCompile(`^[A-Z][a-z]+|[A-Za-z]{2,} [A-Za-z]{2,}`)

// sameEverywhere matches texts for people that are the same in every language:
// names, keys on the keyboard, and drawings.
var sameEverywhere = regexp.MustCompile(`^(CentralizedP2P|, Fyne|(Ctrl|Alt|Shift|Del|Enter|Esc)(\+[A-Z])?|<svg .*>)$`)

// A text that a widget, a dialog or a notification gets straight from the
// source would be English in every language. So every text for people must be
// translated. Errors are exempt, because their codes explain them.
func TestNoTextForPeopleIsHardCoded(t *testing.T) {
	fset := token.NewFileSet()
	names := sources(t)
	passed := translatedLiterals(t, fset, names)
	if len(passed) < 400 {
		t.Fatalf("only %d texts were found", len(passed))
	}
	for _, found := range hardCoded(t, names, passed) {
		t.Error(found)
	}
}

// hardCoded returns the texts for people that are not translated.
func hardCoded(t *testing.T, names []string, passed map[string]string) []string {
	t.Helper()
	fset := token.NewFileSet()
	var found []string
	var look func(ast.Node) bool
	look = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field: // paths, and tags of JSON
			return false
		case *ast.CallExpr:
			return !makesAnError(n) && !makesAPattern(n)
		case *ast.CompositeLit:
			if isValues(n.Type) {
				for _, element := range n.Elts { // whose keys name placeholders
					ast.Inspect(element.(*ast.KeyValueExpr).Value, look)
				}
				return false
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			at := fset.Position(n.Pos()).String()
			_, translated := passed[at]
			if n.Kind == token.STRING && err == nil && prose.MatchString(text) && !sameEverywhere.MatchString(text) && !translated {
				found = append(found, at+": "+n.Value)
			}
		}
		return true
	}
	for _, file := range parsed(t, fset, names) {
		ast.Inspect(file, look)
	}
	return found
}

// isValues reports whether an expression names the type words.Values.
func isValues(expr ast.Expr) bool {
	if from, ok := expr.(*ast.SelectorExpr); ok {
		expr = from.Sel
	}
	named, ok := expr.(*ast.Ident)
	return ok && named.Name == "Values"
}

// makesAnError reports whether a call makes an error, whose text nobody reads
// in the window.
func makesAnError(call *ast.CallExpr) bool {
	callee, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch from, _ := callee.X.(*ast.Ident); {
	case callee.Sel.Name == "Errorf", callee.Sel.Name == "LogError":
		return true
	default:
		return from != nil && from.Name == "errors"
	}
}

// makesAPattern reports whether a call makes a pattern, which finds text and shows none.
func makesAPattern(call *ast.CallExpr) bool {
	callee, ok := call.Fun.(*ast.SelectorExpr)
	return ok && callee.Sel.Name == "MustCompile"
}

func TestAHardCodedTextIsFound(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.go")
	source := "package desktop\n\nvar page = widget.NewLabel(\"Nothing here yet\")\nvar err = errors.New(\"no page here\")\n"
	if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if found := hardCoded(t, []string{name}, nil); len(found) != 1 || !strings.HasSuffix(found[0], `"Nothing here yet"`) {
		t.Errorf("found are %q", found)
	}
}
