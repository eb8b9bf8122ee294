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
	"slices"
	"strconv"
	"strings"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/assets"
	"centralizedp2p/netproto"
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

// usedTexts are the texts that the package shows.
func usedTexts(t *testing.T) []string {
	t.Helper()
	return slices.Compact(slices.Sorted(maps.Values(translatedLiterals(t, token.NewFileSet(), sources(t)))))
}

// sources are the files of the package without its tests.
func sources(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
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

// translatedLiterals are the texts that pass through the translations, by where
// they stand: what is handed to lang.L and lang.N, and every literal of the type
// phrase. The types of other modules do not matter for that, so only the rooms
// of the app are imported.
func translatedLiterals(t *testing.T, fset *token.FileSet, names []string) map[string]string {
	t.Helper()
	files := parsed(t, fset, names)
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: roomsOfTheApp{t, fset}, Error: func(error) {}}
	_, _ = config.Check("desktop", fset, files, info) // errors of missing imports are expected
	texts := map[string]string{}
	for expr, value := range info.Types {
		if value.Value != nil && strings.HasSuffix(value.Type.String(), "desktop.phrase") && value.Value.Kind() == constant.String {
			if _, literal := expr.(*ast.BasicLit); literal {
				texts[fset.Position(expr.Pos()).String()] = constant.StringVal(value.Value)
			}
		}
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if text, at, ok := langText(n); ok {
				texts[fset.Position(at).String()] = text
			}
			return true
		})
	}
	return texts
}

// langText is the text of a call of lang.L or lang.N, and where it stands.
func langText(n ast.Node) (string, token.Pos, bool) {
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

// roomsOfTheApp imports the rooms of the app from their source, and nothing else.
type roomsOfTheApp struct {
	t    *testing.T
	fset *token.FileSet
}

func (r roomsOfTheApp) Import(path string) (*types.Package, error) {
	room, ok := strings.CutPrefix(path, "centralizedp2p/app/")
	if !ok {
		return nil, errors.New("not needed")
	}
	names, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(room), "*.go"))
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	config := types.Config{Importer: r, Error: func(error) {}}
	pkg, _ := config.Check(path, r.fset, parsed(r.t, r.fset, names), nil) // errors of missing imports are expected
	return pkg, nil
}

func TestEveryFailureSaysWhatHappenedAndWhatToDo(t *testing.T) {
	for _, code := range netprotoCodes(t) {
		m := explain(face.Failure{Code: code, Detail: "bad\x1b[31mname"})
		if _, translated := wordsOf(code); !translated {
			t.Errorf("%s: there are no words for people in front of a window, which can be translated", code)
		}
		if m.What == "" || m.Next == "" || strings.HasSuffix(m.What, ".") || !strings.HasSuffix(m.Next, ".") {
			t.Errorf("%s: %+v", code, m)
		}
		if strings.ContainsRune(m.String(), '\x1b') {
			t.Errorf("%s: a control character is shown: %q", code, m.String())
		}
		if strings.Contains(m.Next, "--") || strings.Contains(m.Next, "`") {
			t.Errorf("%s: a person in front of a window is told to use a command: %q", code, m.Next)
		}
	}
}

// netprotoCodes reads the codes from the source of netproto, so that one that
// is added there is not forgotten here.
func netprotoCodes(t *testing.T) []netproto.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "netproto", "errors.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []netproto.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			code, _ := strconv.Unquote(literal.Value)
			codes = append(codes, netproto.Code(code))
		}
		return true
	})
	if len(codes) < 30 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	return codes
}
