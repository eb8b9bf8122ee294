package netproto

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// codesInSource returns the text of every exported constant of type Code in this
// package, by name.
func codesInSource(t *testing.T) map[string]Code {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]Code{}
	for _, file := range files {
		parsed, err := goparser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != len(spec.Names) {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
				return true
			}
			for i, name := range spec.Names {
				if literal, ok := spec.Values[i].(*ast.BasicLit); ok && name.IsExported() {
					text, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					codes[name.Name] = Code(text)
				}
			}
			return true
		})
	}
	return codes
}

func TestEveryCodeStandsInTheTableOnce(t *testing.T) {
	constants := codesInSource(t)
	if len(constants) < 30 {
		t.Fatalf("only %d codes were found in the source", len(constants))
	}
	byCode, byWire, byWhat := map[Code]int{}, map[uint16]Code{}, map[string]Code{}
	for _, f := range failures {
		byCode[f.Code]++
		if other, taken := byWire[f.Wire]; taken && f.Wire != 0 {
			t.Errorf("%s and %s have the number %d", f.Code, other, f.Wire)
		}
		if other, taken := byWhat[f.What]; taken {
			t.Errorf("%s and %s say the same: %s", f.Code, other, f.What)
		}
		byWire[f.Wire], byWhat[f.What] = f.Code, f.Code
		if f.Status != 0 && (f.Status < 400 || http.StatusText(f.Status) == "") {
			t.Errorf("%s has the status %d", f.Code, f.Status)
		}
	}
	for name, code := range constants {
		if byCode[code] != 1 {
			t.Errorf("%s (%s) stands in the table %d times", name, code, byCode[code])
		}
		delete(byCode, code)
	}
	for code := range byCode {
		t.Errorf("%s stands in the table, but no constant has it", code)
	}
}

// TestTheCodesArePinned fails if the text, status or number of a code changes: other
// programs depend on them. A new code adds a line.
func TestTheCodesArePinned(t *testing.T) {
	var lines []string
	for _, f := range failures {
		lines = append(lines, fmt.Sprintf("%s %d %d", f.Code, f.Status, f.Wire))
	}
	slices.Sort(lines)
	pinned := goldenLines(t, "codes.txt")
	for _, line := range pinned {
		if !slices.Contains(lines, line) {
			t.Errorf("testdata/codes.txt says %q, the table does not", line)
		}
	}
	for _, line := range lines {
		if !slices.Contains(pinned, line) {
			t.Errorf("the table says %q, testdata/codes.txt does not", line)
		}
	}
}

func TestEveryCodeSpeaksInSentences(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, f := range failures {
		if !kebab.MatchString(string(f.Code)) {
			t.Errorf("%q is not written with small letters and dashes", f.Code)
		}
		if f.What == "" || strings.ContainsAny(f.What[len(f.What)-1:], ".!?:,; ") || f.What[0] < 'A' || f.What[0] > 'Z' {
			t.Errorf("%s: %q is not a sentence without its full stop", f.Code, f.What)
		}
		if !strings.HasSuffix(f.Hint, ".") || strings.HasSuffix(f.Hint, "..") || f.Hint[0] < 'A' || f.Hint[0] > 'Z' {
			t.Errorf("%s: %q is not a sentence with its full stop", f.Code, f.Hint)
		}
		if strings.Contains(f.Hint, "--") || strings.Contains(f.Hint, "`") {
			t.Errorf("%s: %q speaks of a command line, which not everybody has", f.Code, f.Hint)
		}
		for _, sentence := range []string{f.What, f.Hint} {
			if strings.Contains(sentence, "  ") || Printable(sentence) != sentence {
				t.Errorf("%s: %q", f.Code, sentence)
			}
		}
	}
}

func TestACodeLeadsToItsRow(t *testing.T) {
	for _, f := range failures {
		if f.Code.What() != f.What || f.Code.Hint() != f.Hint {
			t.Errorf("%s says %q, %q", f.Code, f.Code.What(), f.Code.Hint())
		}
		if f.Status != 0 && f.Code.Status() != f.Status || f.Status == 0 && f.Code.Status() != http.StatusInternalServerError {
			t.Errorf("%s has the status %d", f.Code, f.Code.Status())
		}
		if f.Wire != 0 && (f.Code.Wire() != f.Wire || CodeOfWire(f.Wire) != f.Code) || f.Wire == 0 && f.Code.Wire() != CodeInternal.Wire() {
			t.Errorf("%s has the number %d", f.Code, f.Code.Wire())
		}
	}
	later := Code("of-a-later-version")
	if later.Status() != 500 || later.Wire() != CodeInternal.Wire() || later.What() == "" || !strings.HasSuffix(later.Hint(), ".") {
		t.Errorf("a code of a later version: %d, %d, %q, %q", later.Status(), later.Wire(), later.What(), later.Hint())
	}
	if CodeOfWire(0) != CodeInternal || CodeOfWire(65535) != CodeInternal {
		t.Error("an unknown number is not internal")
	}
}

func TestAnErrorIsFoundByItsCodeAndItsCause(t *testing.T) {
	err := fmt.Errorf("while sharing: %w", Errorf(CodeFileUnreadable, "a.txt: %w", fs.ErrNotExist))
	if CodeOf(err) != CodeFileUnreadable || !errors.Is(err, &Error{Code: CodeFileUnreadable}) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v has the code %s", err, CodeOf(err))
	}
	if errors.Is(err, &Error{Code: CodeGone}) || errors.Is(err, &Error{Code: CodeFileUnreadable, Detail: "b.txt"}) {
		t.Errorf("%v is taken for another", err)
	}
	if CodeOf(errors.New("of the system")) != CodeInternal || CodeOf(nil) != CodeInternal {
		t.Error("an error without a code is not internal")
	}
	if got := (&Error{Code: CodeGone}).Error(); got != CodeGone.What() {
		t.Errorf("without a detail: %q", got)
	}
	if got := Errorf(CodeInvalid, "limit is %d", 0).Error(); got != "A value is not acceptable: limit is 0" {
		t.Errorf("with a detail: %q", got)
	}
}

func TestAProblemNeverCarriesWhatWentWrongInside(t *testing.T) {
	inside := errors.New("open /home/zoe/.config/tracker.db: permission denied")
	for _, err := range []*Error{
		{Code: CodeInternal, Detail: inside.Error(), Cause: inside},
		Errorf(CodeStore, "the data folder: %w", inside),
		{Code: CodeInvalid, Detail: "limit is 0", Cause: inside},
	} {
		body, jsonErr := json.Marshal(ProblemOf(err))
		if jsonErr != nil || strings.Contains(string(body), "zoe") {
			t.Errorf("%s, %v", body, jsonErr)
		}
	}
	if p := ProblemOf(Errorf(CodeInvalid, "limit is 0")); p.Detail != "limit is 0" || p.Status != 422 {
		t.Errorf("what the asker did wrong is not told: %+v", p)
	}
}

func TestAnErrorIsGivenAnotherCodeHoweverItIsWrapped(t *testing.T) {
	missing := Errorf(CodeStore, "tracker.db: %w", fs.ErrNotExist)
	for _, err := range []error{missing, fmt.Errorf("while checking: %w", missing)} {
		if got := Recode(CodeInvalid, err); got.Code != CodeInvalid || got.Detail != missing.Detail || !errors.Is(got, fs.ErrNotExist) {
			t.Errorf("%v becomes %#v", err, got)
		}
	}
	foreign := errors.New("of the system")
	if got := Recode(CodeUsage, foreign); got.Code != CodeUsage || got.Detail != "of the system" || !errors.Is(got, foreign) {
		t.Errorf("%#v", got)
	}
}
