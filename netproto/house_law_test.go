package netproto_test

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The law of the house. Folders are named as in an import below the module:
// "app/peer" is that package alone, "app/peer/..." includes everything below it.

// wall says which packages of this module a package may import. The first wall that
// names a package applies to it; a package that no wall names is in no room.
type wall struct {
	room  string
	may   []string
	never []string // of what may names
	tests []string // what test files may import besides
}

var (
	engine = []string{"app/...", "netproto/..."}
	faces  = []string{"app/face", "app/desktop/...", "app/localengine/...", "app/node", "app/command/..."}
	// What every page of the window has to work with.
	onPages = []string{"app/desktop/kit", "app/desktop/kit/look", "app/desktop/kit/lists", "app/desktop/kit/tables", "app/desktop/kit/drawings", "app/desktop/kit/sheets", "app/desktop/kit/ticks", "app/desktop/peek", "app/desktop/words", "app/face", "netproto", "assets"}
	// What every room of larger widgets has to work with.
	inKit = []string{"app/desktop/kit", "app/desktop/kit/look", "app/desktop/words"}
	// What every command has to work with.
	commands = []string{"app/command/drive", "app/command/lookout", "app/command/screen", "app/command/usage", "tracker/cli"}
	// Rooms of the swarm, which nobody else need know.
	inSwarm = []string{"app/peer/swarm/pace", "app/peer/swarm/picker", "app/peer/swarm/sources", "app/peer/swarm/filelist"}
	// The real tracker runs inside the tests of the app.
	tracker = []string{"tracker/daemon", "tracker/boltstore", "tracker/pgstore"}
	// Rooms that every test may use, and nothing else.
	forTests = []string{"netproto/nametest", "netproto/fliptest", "netproto/porttest", "app/bustest", "app/desktop/kit/kittest", "tracker/pgtest"}
)

var walls = []wall{
	{room: "netproto", tests: []string{"netproto/..."}},
	{room: "netproto/...", may: []string{"netproto/..."}},
	{room: "assets/..."},
	{room: "tracker", may: []string{"tracker/daemon", "tracker/cli", "tracker/boltstore", "tracker/pgstore", "tracker/store", "netproto/..."}},
	{room: "tracker/cli", may: []string{"tracker/daemon", "tracker/boltstore", "tracker/pgstore", "tracker/store", "netproto/..."}},
	{room: "tracker/daemon", may: []string{"tracker/server", "tracker/server/admission", "tracker/server/metrics", "tracker/server/origin", "tracker/server/owner", "tracker/server/webpages", "tracker/relay", "tracker/store", "tracker/netaddr", "netproto/..."}, tests: []string{"tracker/boltstore"}},
	{room: "tracker/server/origin", may: []string{"tracker/netaddr", "netproto", "netproto/identity"}},
	{room: "tracker/server/rest", may: []string{"tracker/server/origin", "tracker/strictjson", "tracker/store", "netproto"}},
	{room: "tracker/server/metrics", may: []string{"tracker/server/origin", "tracker/store", "netproto", "netproto/pulse"}},
	{room: "tracker/server/admission", may: []string{"tracker/server/origin", "tracker/limit", "tracker/store", "netproto"}},
	{room: "tracker/server/places", may: []string{"tracker/server/origin", "tracker/dialback", "tracker/netaddr", "tracker/store", "netproto"}},
	{room: "tracker/server/front", may: []string{"tracker/server/origin", "tracker/netaddr", "netproto", "netproto/identity"}},
	{room: "tracker/server/webpages", may: []string{"tracker/server/origin", "tracker/server/rest", "tracker/limit", "tracker/store", "netproto"}},
	{room: "tracker/server/owner", may: []string{"tracker/store", "netproto"}, tests: []string{"tracker/boltstore"}},
	{room: "tracker/server", may: []string{"tracker/server/...", "tracker/dialback", "tracker/line", "tracker/nodes", "tracker/relay", "tracker/wishes", "tracker/seedapi", "tracker/strictjson", "tracker/limit", "tracker/store", "tracker/netaddr", "netproto/..."}, tests: []string{"tracker/boltstore", "tracker/pgstore"}},
	{room: "tracker/seedapi", may: []string{"tracker/store", "tracker/strictjson", "tracker/netaddr", "netproto"}},
	{room: "tracker/boltstore", may: []string{"tracker/store", "tracker/memory", "tracker/record", "netproto", "netproto/boltfile", "netproto/durable", "netproto/sealed"}, tests: []string{"tracker/storetest"}},
	{room: "tracker/memory", may: []string{"tracker/store", "tracker/index", "netproto", "netproto/oserror"}},
	{room: "tracker/record", may: []string{"tracker/memory", "tracker/store", "netproto"}},
	{room: "tracker/pgstore", may: []string{"tracker/store", "tracker/memory", "tracker/record", "tracker/boltstore", "netproto"}, tests: []string{"tracker/storetest"}},
	{room: "tracker/storetest", may: []string{"tracker/store", "netproto"}},
	{room: "tracker/store", may: []string{"tracker/netaddr", "netproto"}},
	{room: "tracker/index", may: []string{"netproto"}},
	{room: "tracker/strictjson", may: []string{"netproto"}},
	{room: "tracker/line", may: []string{"tracker/limit", "netproto", "netproto/pulse"}},
	{room: "tracker/dialback", may: []string{"tracker/limit", "netproto", "netproto/identity", "netproto/oserror"}},
	{room: "tracker/nodes", may: []string{"tracker/line", "tracker/limit", "tracker/store", "netproto"}},
	{room: "tracker/wishes", may: []string{"tracker/index", "netproto", "netproto/pulse"}},
	{room: "tracker/relay", may: []string{"tracker/limit", "netproto"}},
	{room: "tracker/limit", may: []string{"tracker/netaddr"}},
	{room: "tracker/netaddr"},
	{room: "tracker/pgtest"},
	// Measurements of a whole tracker: test files only.
	{room: "tracker/load", tests: []string{"tracker/daemon", "tracker/relay", "tracker/server", "tracker/server/admission", "tracker/store", "tracker/boltstore", "tracker/pgstore", "netproto/..."}},
	{room: "app/peer/flow", may: []string{"netproto"}},
	{room: "app/peer/ledger", may: []string{"app/library", "netproto", "netproto/pulse"}},
	{room: "app/peer/offer", may: []string{"app/piece", "netproto", "netproto/checkup", "netproto/oserror"}},
	{room: "app/peer/reach", may: []string{"app/peer/session", "netproto"}, tests: []string{"netproto/identity", "netproto/reuse"}},
	{room: "app/peer/session", may: []string{"app/piece", "netproto", "netproto/identity", "netproto/pulse"}},
	{room: "app/peer/membership", may: []string{"netproto", "netproto/pulse"}},
	{room: "app/peer/wishing", may: []string{"app/library", "netproto", "netproto/pulse"}},
	{room: "app/peer/people", may: []string{"app/library", "netproto", "netproto/pulse", "netproto/identity"}},
	{room: "app/peer/serving", may: []string{"app/peer/flow", "app/peer/offer", "app/peer/session", "app/piece", "netproto", "netproto/oserror", "netproto/pulse"}, tests: []string{"netproto/identity"}},
	{room: "app/peer/sharing", may: []string{"app/peer/flow", "app/peer/offer", "app/disk", "app/ignore", "app/library", "app/piece", "app/watch", "netproto", "netproto/oserror", "netproto/pulse"}},
	{room: "app/peer/queue", may: []string{"app/peer/flow", "app/peer/session", "app/peer/swarm", "app/library", "app/piece", "netproto", "netproto/oserror", "netproto/pulse", "netproto/durable"}},
	{room: "app/peer/swarm/pace", may: []string{"app/peer/flow", "netproto"}},
	{room: "app/peer/swarm/picker", may: []string{"app/piece"}},
	{room: "app/peer/swarm/filelist", may: []string{"netproto"}},
	{room: "app/peer/swarm/sources", may: []string{"app/peer/session", "netproto"}},
	{room: "app/peer/swarm", may: []string{"app/peer/swarm/...", "app/peer/flow", "app/peer/offer", "app/peer/session", "app/piece", "netproto", "netproto/oserror"}, tests: []string{"app/peer/reach", "netproto/identity"}},
	{room: "app/peer", may: []string{"app/peer/...", "app/library", "app/piece", "netproto/..."}, never: inSwarm, tests: append([]string{"app/trackerclient"}, tracker...)},
	{room: "app/disk", may: []string{"netproto", "netproto/durable"}},
	{room: "app/piece", may: []string{"app/disk", "netproto", "netproto/oserror", "netproto/readfile"}, tests: []string{"netproto/durable"}},
	{room: "app/library/...", may: engine, never: faces, tests: tracker},
	{room: "app/trackerclient/...", may: engine, never: faces, tests: tracker},
	{room: "app/seedpeer/...", may: engine, never: faces, tests: tracker},
	{room: "app/preview"},
	{room: "app/awake"},
	{room: "app/onfinished", may: []string{"netproto"}},
	{room: "app/trash", may: []string{"netproto"}},
	{room: "app/pagelang"},
	{room: "app/web", may: []string{"app/pagelang", "app/piece", "netproto", "netproto/durable", "netproto/sites"}},
	{room: "app/face", may: []string{"netproto"}},
	{room: "app/desktop/native"},
	{room: "app/desktop/words", may: []string{"app/face", "netproto", "assets"}},
	{room: "app/desktop/kit/look", may: []string{"assets"}},
	{room: "app/desktop/kit/kittest", may: []string{"app/desktop/kit/look"}},
	{room: "app/desktop/kit/tables", may: append([]string{"app/desktop/kit/lists"}, inKit...)},
	{room: "app/desktop/kit/lists", may: append([]string{"netproto"}, inKit...)},
	{room: "app/desktop/kit/drawings", may: append([]string{"netproto"}, inKit...)},
	{room: "app/desktop/kit/sheets", may: inKit},
	{room: "app/desktop/kit/ticks", may: []string{"app/desktop/kit", "app/desktop/kit/look", "netproto"}},
	{room: "app/desktop/kit", may: []string{"app/desktop/kit/look", "app/desktop/words", "netproto"}},
	{room: "app/desktop/peek", may: []string{"netproto", "netproto/readfile"}},
	{room: "app/desktop/pages", may: onPages},
	{room: "app/desktop/pages/portrait", may: append([]string{"app/desktop/pages"}, onPages...)},
	{room: "app/desktop/pages/browsers", may: append([]string{"app/desktop/pages"}, onPages...)},
	{room: "app/desktop/pages/shares", may: append([]string{"app/desktop/pages", "app/desktop/pages/portrait", "app/desktop/pages/browsers"}, onPages...)},
	{room: "app/desktop/pages/...", may: append([]string{"app/desktop/pages", "app/desktop/pages/portrait"}, onPages...)},
	{room: "app/desktop/...", may: []string{"app/desktop/...", "app/face", "netproto/...", "assets/..."}, tests: tracker},
	// A peer and its bundled tracker: the one door between the two programs.
	{room: "app/node", may: append(tracker, engine...), never: []string{"app/face", "app/desktop/...", "app/localengine", "app/command/..."}},
	// The commands of the tracker's owner, and a peer that runs here or elsewhere, but no
	// window: the headless build has commands too.
	{room: "app/command/screen", may: []string{"app/peer/sharing", "tracker/cli", "netproto"}},
	{room: "app/command/usage", may: []string{"app/command/screen", "netproto", "netproto/readfile"}},
	{room: "app/command/lookout", may: []string{"app/command/screen", "app/face", "app/library", "app/node", "app/peer/...", "tracker/cli", "netproto/..."}},
	{room: "app/command/drive", may: []string{"app/command/lookout", "app/command/screen", "app/face", "app/library", "app/localengine", "app/node", "app/remote", "tracker/cli", "netproto/..."}},
	{room: "app/command/control", may: append([]string{"app/face", "netproto"}, commands...)},
	{room: "app/command/person", may: append([]string{"app/face", "app/library", "app/node", "app/peer/people", "app/peer/queue", "netproto"}, commands...)},
	{room: "app/command/serve", may: append([]string{"app/face", "app/localengine", "app/node", "app/remote", "netproto/..."}, commands...)},
	{room: "app/command/webpage", may: append([]string{"app/face", "app/node", "app/peer/sharing", "app/web", "netproto"}, commands...)},
	{room: "app/command", may: append([]string{"assets", "tracker/cli"}, engine...), never: []string{"app/desktop/..."}},
	// Measurements of the whole program: test files only.
	{room: "app/load", tests: []string{"app/command", "app/library", "app/node", "app/peer/...", "app/piece", "app/trackerclient", "netproto/..."}},
	{room: "app/remote", may: []string{"app/face", "app/pagelang", "app/piece", "netproto/..."}, tests: []string{"app/ignore"}},
	{room: "app/localengine", may: engine, never: []string{"app/desktop/...", "app/command/...", "app/remote"}, tests: []string{"app/remote", "app/desktop/words"}},
	{room: "app/...", may: append([]string{"assets/..."}, engine...), tests: tracker},
}

// shelf says which packages may import a library that is heavy or belongs in one
// room. The first shelf that names a library applies to it.
type shelf struct {
	library string
	rooms   []string
	tests   []string // whose test files may import it besides
	cgoIn   string   // the room where only files of the cgo build may
}

var shelves = []shelf{
	{library: "fyne.io/fyne/v2/app/...", rooms: []string{"app"}, cgoIn: "app"},
	{library: "fyne.io/...", rooms: []string{"app", "app/desktop", "app/desktop/kit/...", "app/desktop/pages/..."}, cgoIn: "app"},
	{library: "github.com/godbus/...", rooms: []string{"app/awake", "app/bustest", "app/desktop/native"}},
	{library: "github.com/Microsoft/go-winio/...", rooms: []string{"netproto/localsocket"}},
	{library: "github.com/nicksnyder/go-i18n/...", rooms: []string{"app/desktop/words"}},
	{library: "github.com/fsnotify/...", rooms: []string{"app/watch"}},
	{library: "github.com/go-resty/resty/...", rooms: []string{"app/trackerclient/..."}},
	{library: "go.etcd.io/bbolt/...", rooms: []string{"netproto/boltfile", "tracker/boltstore/...", "app/library/..."}, tests: []string{"app/ignore"}}, // which knows such a file when it sees one
	{library: "github.com/jackc/...", rooms: []string{"tracker/pgstore"}},
	{library: "filippo.io/edwards25519/...", rooms: []string{"netproto/identity"}},
	{library: "golang.org/x/crypto/...", rooms: []string{"netproto/identity"}},
	{library: "github.com/libp2p/go-netroute/...", rooms: []string{"netproto/portmap"}},
	{library: "github.com/prometheus/...", rooms: []string{"tracker/server/metrics"}},
	{library: "github.com/pires/...", rooms: []string{"tracker/server/front"}},
	{library: "github.com/spf13/...", rooms: []string{"app/command", "app/command/control", "app/command/drive", "app/command/person", "app/command/serve", "app/command/usage", "app/command/webpage", "tracker", "tracker/cli"}},
	{library: "lukechampine.com/blake3/...", rooms: []string{"app/piece"}, tests: []string{"app/...", "tracker/...", "netproto/..."}},
}

// tool says how much of the standard library a room may use: the identifiers,
// by path.Match, or nothing. Test files are free, unless testsToo.
type tool struct {
	room     string
	library  string
	may      []string
	testsToo bool
}

var tools = []tool{
	{room: "app/piece", library: "net/...", testsToo: true},
	// What systems do in different ways is asked of app/disk.
	{room: "app/piece", library: "syscall"},
	{room: "app/piece", library: "golang.org/x/sys/..."},
	{room: "netproto", library: "os/..."},
	{room: "netproto", library: "net", may: []string{"SplitHostPort", "JoinHostPort", "ParseIP", "ParseCIDR", "IP", "IPNet"}},
	{room: "netproto", library: "net/http", may: []string{"Status*", "Method*"}},
	{room: "netproto", library: "crypto/tls"},
}

var (
	topLevel      = []string{"app", "tracker", "netproto", "assets", "FyneApp.toml", "go.mod", "go.sum", "README.md"}
	emptyNames    = []string{"util", "utils", "common", "models", "model", "helper", "helpers", "misc", "pkg", "shared", "base"}
	maxLinesInOne = 600
)

// covers reports whether a pattern names the package.
func covers(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == below || strings.HasPrefix(pkg, below+"/")
	}
	return pkg == pattern
}

func anyCovers(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, pkg) })
}

// inspectHouse walks a module and returns its breaches of the law, sorted.
func inspectHouse(root string) ([]string, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(mod), "\n")
	module, ok := strings.CutPrefix(strings.TrimSpace(first), "module ")
	if !ok {
		return nil, fmt.Errorf("go.mod does not begin with the module's name")
	}
	ignored, err := ignoredNames(root)
	if err != nil {
		return nil, err
	}
	inspector := &inspector{module: module}
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == root {
			return err
		}
		name := entry.Name()
		hidden := name[0] == '.' || name[0] == '_' || slices.ContainsFunc(ignored, func(pattern string) bool {
			match, _ := path.Match(pattern, name)
			return match
		})
		rel := filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator)))
		switch {
		case hidden && entry.IsDir(), name == "testdata" && entry.IsDir():
			return fs.SkipDir
		case hidden:
			return nil
		case !strings.Contains(rel, "/") && !slices.Contains(topLevel, name):
			inspector.complain("%s does not belong at the top level", rel)
		}
		if entry.IsDir() {
			inspector.emptyName(rel, name)
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		return inspector.file(file, rel)
	})
	slices.Sort(inspector.complaints)
	return inspector.complaints, err
}

// ignoredNames reads the names that .gitignore lists at the top level.
func ignoredNames(root string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	var names []string
	for line := range strings.Lines(string(raw)) {
		name := strings.Trim(strings.TrimSpace(line), "/")
		if name != "" && !strings.HasPrefix(name, "#") && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, err
}

type inspector struct {
	module     string
	complaints []string
}

func (in *inspector) complain(format string, args ...any) {
	in.complaints = append(in.complaints, fmt.Sprintf(format, args...))
}

func (in *inspector) emptyName(where, name string) {
	if slices.Contains(emptyNames, strings.TrimSuffix(name, "_test")) {
		in.complain("%s: %q says nothing about what is inside", where, name)
	}
}

func (in *inspector) file(file, rel string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if lines := bytes.Count(raw, []byte("\n")); lines > maxLinesInOne {
		in.complain("%s has %d lines, %d are allowed", rel, lines, maxLinesInOne)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), rel, raw, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	in.emptyName(rel, parsed.Name.Name)
	f := sourceFile{rel: rel, pkg: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"), raw: raw, syntax: parsed}
	for _, spec := range parsed.Imports {
		library, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if library == in.module || strings.HasPrefix(library, in.module+"/") {
			in.wall(f, strings.TrimPrefix(library, in.module+"/"))
			continue
		}
		in.shelf(f, library)
		in.tool(f, library, spec)
	}
	return nil
}

type sourceFile struct {
	rel, pkg string
	test     bool
	raw      []byte
	syntax   *ast.File
}

func (in *inspector) wall(f sourceFile, library string) {
	if anyCovers(forTests, library) {
		if !f.test {
			in.complain("%s imports %s, which is for tests", f.rel, library)
		}
		return
	}
	for _, w := range walls {
		if !covers(w.room, f.pkg) {
			continue
		}
		own := f.test && library == f.pkg // an external test
		allowed := anyCovers(w.may, library) && !anyCovers(w.never, library) || f.test && anyCovers(w.tests, library)
		if !own && !allowed {
			in.complain("%s imports %s, which %s may not", f.rel, library, f.pkg)
		}
		return
	}
	in.complain("%s: %s is no room of the house", f.rel, f.pkg)
}

func (in *inspector) shelf(f sourceFile, library string) {
	for _, s := range shelves {
		if !covers(s.library, library) {
			continue
		}
		if !anyCovers(s.rooms, f.pkg) && !(f.test && anyCovers(s.tests, f.pkg)) {
			in.complain("%s imports %s, which belongs in %s only", f.rel, library, strings.Join(s.rooms, ", "))
		}
		if f.pkg == s.cgoIn && !onlyWithCgo(f.raw) {
			in.complain("%s imports %s without //go:build cgo", f.rel, library)
		}
		return
	}
}

// onlyWithCgo reports whether the file is excluded if cgo is off.
func onlyWithCgo(raw []byte) bool {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "package ") {
			return false
		}
		if !constraint.IsGoBuild(line) {
			continue
		}
		expr, err := constraint.Parse(line)
		return err == nil && !satisfiable(expr, func(tag string) bool { return tag == "cgo" })
	}
	return false
}

// satisfiable reports whether a constraint can hold while the off tags are off,
// whatever the others are.
func satisfiable(expr constraint.Expr, off func(string) bool) bool {
	var tags []string
	expr.Eval(func(tag string) bool {
		if !off(tag) && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
		return false
	})
	for on := range 1 << len(tags) {
		if expr.Eval(func(tag string) bool {
			i := slices.Index(tags, tag)
			return i >= 0 && on>>i&1 == 1
		}) {
			return true
		}
	}
	return false
}

func (in *inspector) tool(f sourceFile, library string, spec *ast.ImportSpec) {
	for _, t := range tools {
		if !covers(t.room, f.pkg) || !covers(t.library, library) || f.test && !t.testsToo {
			continue
		}
		if t.may == nil {
			in.complain("%s imports %s, which %s may not", f.rel, library, f.pkg)
			continue
		}
		name := path.Base(library)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := selector.X.(*ast.Ident)
			if ok && of.Name == name && !slices.ContainsFunc(t.may, func(pattern string) bool {
				match, _ := path.Match(pattern, selector.Sel.Name)
				return match
			}) {
				in.complain("%s uses %s.%s, which %s may not", f.rel, library, selector.Sel.Name, f.pkg)
			}
			return true
		})
	}
}
