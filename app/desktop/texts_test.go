//go:build !darwin || cgo

package desktop

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"centralizedp2p/assets"
)

func TestEveryTextHasItsTranslationInEnglish(t *testing.T) {
	known := englishTexts(t)
	used := usedTexts(t)
	for _, text := range used {
		if _, ok := known[text]; !ok {
			t.Errorf("assets/translations/en.json has no %q", text)
		}
	}
	for text := range known {
		if !slices.Contains(used, text) {
			t.Errorf("assets/translations/en.json has %q, which is not used", text)
		}
	}
}

func TestEnglishSaysWhatTheSourceSays(t *testing.T) {
	for text, translation := range englishTexts(t) {
		switch said := translation.(type) {
		case string:
			if said != text {
				t.Errorf("%q is translated as %q", text, said)
			}
		case map[string]any:
			if said["other"] != text || said["one"] == nil {
				t.Errorf("%q has the plural forms %v", text, said)
			}
		}
	}
}

func englishTexts(t *testing.T) map[string]any {
	t.Helper()
	data, err := assets.Translations.ReadFile(assets.TranslationsDir + "/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

// usedTexts returns the texts that the window shows, sorted.
func usedTexts(t *testing.T) []string {
	t.Helper()
	return slices.Compact(slices.Sorted(maps.Values(translatedLiterals(t, token.NewFileSet(), sources(t)))))
}

// sources returns the files that the window consists of, without tests.
func sources(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, room := range []string{"words", "kit", "kit/*", "pages", "pages/*", "."} {
		names, err := filepath.Glob(filepath.Join(filepath.FromSlash(room), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, names...)
	}
	return slices.DeleteFunc(all, func(name string) bool {
		return strings.HasSuffix(name, "_test.go") || filepath.Base(filepath.Dir(name)) == "kittest"
	})
}

func parsed(t *testing.T, fset *token.FileSet, names []string) []*ast.File {
	t.Helper()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// translatedLiterals returns the texts that are translated, by their positions:
// those handed to words.L and words.N, and every literal of type words.Phrase.
// Types of other modules do not matter for that, so only rooms of this one are
// imported.
func translatedLiterals(t *testing.T, fset *token.FileSet, names []string) map[string]string {
	t.Helper()
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: ownRooms{t, fset}, Error: func(error) {}}
	rooms := map[string][]string{}
	for _, name := range names {
		rooms[filepath.Dir(name)] = append(rooms[filepath.Dir(name)], name)
	}
	texts := map[string]string{}
	for room, names := range rooms {
		files := parsed(t, fset, names)
		_, _ = config.Check(room, fset, files, info) // errors of missing imports are expected
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				if text, at, ok := translatedText(n); ok {
					texts[fset.Position(at).String()] = text
				}
				return true
			})
		}
	}
	for expr, value := range info.Types {
		if value.Value != nil && strings.HasSuffix(value.Type.String(), "words.Phrase") && value.Value.Kind() == constant.String {
			if _, literal := expr.(*ast.BasicLit); literal {
				texts[fset.Position(expr.Pos()).String()] = constant.StringVal(value.Value)
			}
		}
	}
	return texts
}

// translatedText returns the text of a call of words.L or words.N, and its position.
func translatedText(n ast.Node) (string, token.Pos, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", 0, false
	}
	name := ""
	switch callee := call.Fun.(type) {
	case *ast.Ident:
		name = callee.Name
	case *ast.SelectorExpr:
		name = callee.Sel.Name
	}
	if name != "L" && name != "N" {
		return "", 0, false
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", 0, false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, literal.Pos(), err == nil
}

var placeholders = regexp.MustCompile(`{{\.(\w+)}}`)

// A placeholder without a value reads "<no value>" on the screen.
func TestEveryPlaceholderOfATextGetsItsValue(t *testing.T) {
	fset, checked := token.NewFileSet(), 0
	for _, file := range parsed(t, fset, sources(t)) {
		ast.Inspect(file, func(n ast.Node) bool {
			text, at, ok := translatedText(n)
			if !ok {
				return true
			}
			var want, got []string
			for _, match := range placeholders.FindAllStringSubmatch(text, -1) {
				want = append(want, match[1])
			}
			args := n.(*ast.CallExpr).Args
			values, ok := args[len(args)-1].(*ast.CompositeLit)
			if !ok && len(want) > 0 {
				return true // they are in a variable
			}
			if ok {
				for _, element := range values.Elts {
					key, _ := strconv.Unquote(element.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
					got = append(got, key)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: %q has the placeholders %q and gets %q", fset.Position(at), text, want, got)
			}
			checked++
			return true
		})
	}
	if checked < 250 {
		t.Errorf("only %d texts were checked", checked)
	}
}

// ownRooms imports rooms of this module from their source, and nothing else.
type ownRooms struct {
	t    *testing.T
	fset *token.FileSet
}

func (r ownRooms) Import(path string) (*types.Package, error) {
	room, ok := strings.CutPrefix(path, "centralizedp2p/")
	if !ok {
		return nil, errors.New("not needed")
	}
	names, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(room), "*.go"))
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	config := types.Config{Importer: r, Error: func(error) {}}
	pkg, _ := config.Check(path, r.fset, parsed(r.t, r.fset, names), nil) // errors of missing imports are expected
	return pkg, nil
}
