//go:build unix && !darwin

package launch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// home makes an empty home for a person, and a program that was installed.
func home(t *testing.T, path string, args ...string) (Program, string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("XDG_DATA_DIRS", filepath.Join(dir, "usr", "share"))
	t.Setenv("XDG_CONFIG_DIRS", filepath.Join(dir, "etc"))
	t.Setenv("XDG_CURRENT_DESKTOP", "")
	return Program{ID: "org.example.app", Name: "Example", Path: path, Args: args, Icon: []byte("\x89PNG")}, dir
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheProgramIsStartedAtLoginAndNoMore(t *testing.T) {
	p, home := home(t, "/opt/My Programs/cp2p", "--profile", `/home/ada/100% "$mine"`)
	if on, err := p.AtLogin(); on || err != nil {
		t.Fatalf("at first: %v, %v", on, err)
	}
	if err := p.SetAtLogin(true); err != nil {
		t.Fatal(err)
	}
	entry := read(t, home, ".config", "autostart", "org.example.app.desktop")
	if want := `Exec="/opt/My Programs/cp2p" "--profile" "/home/ada/100%% \\"\\$mine\\""` + "\n"; !strings.Contains(entry, want) {
		t.Errorf("the entry is\n%s and has no %s", entry, want)
	}
	if on, err := p.AtLogin(); !on || err != nil {
		t.Errorf("after it was switched on: %v, %v", on, err)
	}
	p.Path = "/opt/other"
	if on, err := p.AtLogin(); on || err != nil {
		t.Errorf("another program takes the entry for its own: %v, %v", on, err)
	}
	for range 2 {
		if err := p.SetAtLogin(false); err != nil {
			t.Error(err)
		}
	}
	if on, _ := p.AtLogin(); on {
		t.Error("it is still on")
	}
}

func TestLinksAreGivenToTheProgramAndNoMore(t *testing.T) {
	p, home := home(t, "/opt/cp2p")
	list := filepath.Join(home, ".config", "mimeapps.list")
	const before = "[Added Associations]\nx-scheme-handler/cp2p=other.desktop;\n\n[Default Applications]\ntext/html=browser.desktop\nx-scheme-handler/cp2p=old.desktop\n"
	if err := replace(list, before); err != nil {
		t.Fatal(err)
	}
	if err := p.SetOpensLinks(true); err != nil {
		t.Fatal(err)
	}
	if on, err := p.OpensLinks(); !on || err != nil {
		t.Fatalf("after it was switched on: %v, %v", on, err)
	}
	entry := read(t, home, ".local", "share", "applications", "org.example.app.desktop")
	if !strings.Contains(entry, "Exec=\"/opt/cp2p\" %U\n") || !strings.Contains(entry, "\nMimeType=x-scheme-handler/cp2p;\n") {
		t.Errorf("the entry is\n%s", entry)
	}
	const after = "[Added Associations]\nx-scheme-handler/cp2p=other.desktop;\n\n[Default Applications]\nx-scheme-handler/cp2p=org.example.app.desktop\ntext/html=browser.desktop\n"
	if got := read(t, list); got != after {
		t.Errorf("the list is\n%s", got)
	}
	for range 2 {
		if err := p.SetOpensLinks(false); err != nil {
			t.Fatal(err)
		}
	}
	if on, err := p.OpensLinks(); on || err != nil {
		t.Errorf("after it was switched off: %v, %v", on, err)
	}
	if got := read(t, list); strings.Contains(got, "org.example.app") || !strings.Contains(got, "text/html=browser.desktop") {
		t.Errorf("the list is\n%s", got)
	}
}

func TestTheListOfAnotherProgramIsLeftAlone(t *testing.T) {
	p, home := home(t, "/opt/cp2p")
	if err := p.SetOpensLinks(true); err != nil {
		t.Fatal(err)
	}
	other := "[Default Applications]\nx-scheme-handler/cp2p=other.desktop\n"
	list := filepath.Join(home, ".config", "mimeapps.list")
	if err := replace(list, other); err != nil {
		t.Fatal(err)
	}
	if on, err := p.OpensLinks(); on || err != nil {
		t.Errorf("links that go to another program: %v, %v", on, err)
	}
	if err := p.SetOpensLinks(false); err != nil {
		t.Fatal(err)
	}
	if got := read(t, list); got != other {
		t.Errorf("the list is\n%s", got)
	}
}

func TestATemporaryProgramIsNotTold(t *testing.T) {
	p, _ := home(t, filepath.Join(os.TempDir(), "go-build1", "app"))
	if err := p.SetAtLogin(true); !errors.Is(err, ErrTemporary) {
		t.Errorf("at login: %v", err)
	}
	if err := p.SetOpensLinks(true); !errors.Is(err, ErrTemporary) {
		t.Errorf("for links: %v", err)
	}
}

func TestTheProgramThatRunsIsFound(t *testing.T) {
	p, err := Here("org.example.app", "Example", nil, "--profile", "x")
	if err != nil || !filepath.IsAbs(p.Path) || len(p.Args) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}
