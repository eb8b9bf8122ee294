package netproto_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	mdLink    = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	ciScript  = regexp.MustCompile(`\.ci/\w+`)
	usedAt    = regexp.MustCompile(`uses: (\S+)`)
	pinned    = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`)
	namedTest = regexp.MustCompile("`(Test\\w+)`")
	testFunc  = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	roomEntry = regexp.MustCompile(`^( *)([\w-]+)/ `)
)

// documents returns the text of README and of every document in .github, by its path.
func documents(t *testing.T, root string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, ".github", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range append(names, filepath.Join(root, "README.md")) {
		texts[name] = read(t, name)
	}
	return texts
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestLinksInTheDocumentsLeadSomewhere(t *testing.T) {
	root := moduleRoot(t)
	for name, text := range documents(t, root) {
		for _, link := range mdLink.FindAllStringSubmatch(text, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), filepath.FromSlash(link[1]))); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", filepath.Base(name), link[1])
			}
		}
		for _, script := range ciScript.FindAllString(text, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(script))); err != nil {
				t.Errorf("%s: there is no %s", filepath.Base(name), script)
			}
		}
	}
}

func TestTheTestsThatTheDocumentsNameExist(t *testing.T) {
	root := moduleRoot(t)
	there := map[string]bool{}
	for _, room := range roomsIn(t, root) {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(room), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			for _, found := range testFunc.FindAllStringSubmatch(read(t, name), -1) {
				there[found[1]] = true
			}
		}
	}
	for name, text := range documents(t, root) {
		for _, named := range namedTest.FindAllStringSubmatch(text, -1) {
			if !there[named[1]] {
				t.Errorf("%s: there is no %s", filepath.Base(name), named[1])
			}
		}
	}
}

func TestTheArchitectureNamesEveryRoom(t *testing.T) {
	root := moduleRoot(t)
	_, tree, _ := strings.Cut(read(t, filepath.Join(root, ".github", "ARCHITECTURE.md")), "```\n")
	tree, _, _ = strings.Cut(tree, "```")
	var named []string
	var above []string
	for line := range strings.Lines(tree) {
		entry := roomEntry.FindStringSubmatch(line)
		if entry == nil {
			t.Fatalf("the picture of the rooms has the line %q", line)
		}
		above = append(above[:min(len(entry[1])/2, len(above))], entry[2])
		named = append(named, path.Join(above...))
	}
	rooms := roomsIn(t, root)
	for _, room := range rooms {
		if !slices.Contains(named, room) {
			t.Errorf(".github/ARCHITECTURE.md has no line for %s", room)
		}
	}
	for _, room := range named {
		if !slices.Contains(rooms, room) {
			t.Errorf(".github/ARCHITECTURE.md has a line for %s, which does not exist", room)
		}
	}
}

// roomsIn returns the folders with Go files.
func roomsIn(t *testing.T, root string) []string {
	t.Helper()
	var rooms []string
	for _, top := range []string{"netproto", "tracker", "app", "assets"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".go" || strings.Contains(name, string(filepath.Separator)+"testdata"+string(filepath.Separator)) {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(name))
			if room := filepath.ToSlash(rel); !slices.Contains(rooms, room) {
				rooms = append(rooms, room)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return rooms
}

func TestActionsArePinnedToACommit(t *testing.T) {
	root := moduleRoot(t)
	names, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d workflows, %v", len(names), err)
	}
	for _, name := range names {
		for _, action := range usedAt.FindAllStringSubmatch(read(t, name), -1) {
			if !pinned.MatchString(action[1]) {
				t.Errorf("%s: %s is not pinned to a commit", filepath.Base(name), action[1])
			}
		}
	}
}

func TestToolsHaveExactVersions(t *testing.T) {
	root := moduleRoot(t)
	var scripts []string
	err := filepath.WalkDir(filepath.Join(root, ".ci"), func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			scripts = append(scripts, file)
		}
		return err
	})
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	parts, err := filepath.Glob(filepath.Join(root, ".ci", "ordeal.d", "*"))
	if err != nil {
		t.Fatal(err)
	}
	exact := regexp.MustCompile(`^v\d+\.\d+\.\d+$`)
	for _, script := range append(scripts, parts...) {
		if info, err := os.Stat(script); err != nil || info.IsDir() {
			continue
		}
		for _, tool := range regexp.MustCompile(`go (?:run|install) \S+@(\S+)`).FindAllStringSubmatch(read(t, script), -1) {
			if !exact.MatchString(tool[1]) {
				t.Errorf("%s: the version %s is not exact", filepath.Base(script), tool[1])
			}
		}
	}
}
