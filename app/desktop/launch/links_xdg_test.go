//go:build unix && !darwin

package launch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// installed has a package bring the program and its desktop file, and returns the program
// that runs from there.
func installed(t *testing.T, args ...string) (Program, string) {
	t.Helper()
	p, dir := home(t, "", args...)
	p.Path = filepath.Join(dir, "usr", "bin", "cp2p")
	put(t, p.Path, "#!/bin/sh\n", 0o755)
	t.Setenv("PATH", filepath.Dir(p.Path))
	apps := filepath.Join(dir, "usr", "share", "applications")
	put(t, filepath.Join(apps, p.desktopFile()), "[Desktop Entry]\nType=Application\nName=Example\nExec=cp2p %U\nMimeType=x-scheme-handler/cp2p;\n", 0o644)
	put(t, filepath.Join(apps, mimeCache), groupCache+"\nx-scheme-handler/cp2p=org.example.app.desktop;\n", 0o644)
	return p, dir
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func (p Program) opens(t *testing.T, want bool, when string) {
	t.Helper()
	if on, err := p.OpensLinks(); on != want || err != nil {
		t.Errorf("%s: %v, %v", when, on, err)
	}
}

func TestAPackageThatRegisteredTheProgramCounts(t *testing.T) {
	p, dir := installed(t)
	list := filepath.Join(dir, ".config", mimeApps)
	own := filepath.Join(dir, ".local", "share", "applications", p.desktopFile())
	p.opens(t, true, "as installed")
	for range 2 {
		if err := p.SetOpensLinks(false); err != nil {
			t.Fatal(err)
		}
		p.opens(t, false, "switched off")
	}
	if got, want := read(t, list), groupRemove+"\nx-scheme-handler/cp2p=org.example.app.desktop\n"; got != want {
		t.Errorf("the list is\n%s", got)
	}
	if err := p.SetOpensLinks(true); err != nil {
		t.Fatal(err)
	}
	p.opens(t, true, "switched on again")
	if got := read(t, list); strings.Contains(got, "\n"+groupRemove+"\nx-") || !strings.Contains(got, groupUse+"\nx-scheme-handler/cp2p=org.example.app.desktop\n") {
		t.Errorf("the list is\n%s", got)
	}
	if isFile(own) {
		t.Error("it made a desktop file that would stay when the package is removed")
	}
	if err := os.RemoveAll(filepath.Join(dir, "usr", "share")); err != nil {
		t.Fatal(err)
	}
	p.opens(t, false, "when the package is removed")
}

func TestWhatElseOpensTheLinksIsNotThisProgram(t *testing.T) {
	for name, change := range map[string]func(p *Program, dir string){
		"another program has the file's name": func(p *Program, _ string) { p.Path = "/opt/cp2p" },
		"with another profile":                func(p *Program, _ string) { p.Args = []string{"--profile", "x"} },
		"the file is hidden by the person's": func(p *Program, dir string) {
			put(t, filepath.Join(dir, ".local", "share", "applications", p.desktopFile()), "[Desktop Entry]\nHidden=true\nExec=cp2p %U\n", 0o644)
		},
		"the person chose another one": func(_ *Program, dir string) {
			put(t, filepath.Join(dir, "usr", "share", "applications", "other.desktop"), "[Desktop Entry]\n", 0o644)
			put(t, filepath.Join(dir, ".config", mimeApps), groupUse+"\nx-scheme-handler/cp2p=other.desktop\n", 0o644)
		},
		"the owner of the computer chose another one": func(_ *Program, dir string) {
			put(t, filepath.Join(dir, "usr", "share", "applications", "other.desktop"), "[Desktop Entry]\n", 0o644)
			put(t, filepath.Join(dir, "etc", mimeApps), groupUse+"\nx-scheme-handler/cp2p=other.desktop\n", 0o644)
		},
		"this desktop has another one": func(_ *Program, dir string) {
			t.Setenv("XDG_CURRENT_DESKTOP", "Example:GNOME")
			put(t, filepath.Join(dir, "usr", "share", "applications", "other.desktop"), "[Desktop Entry]\n", 0o644)
			put(t, filepath.Join(dir, ".config", "gnome-"+mimeApps), groupUse+"\nx-scheme-handler/cp2p=other.desktop\n", 0o644)
		},
	} {
		p, dir := installed(t)
		change(&p, dir)
		p.opens(t, false, name)
	}
}

func TestAChoiceThatIsGoneDoesNotCount(t *testing.T) {
	p, dir := installed(t)
	put(t, filepath.Join(dir, ".config", mimeApps), groupUse+"\nx-scheme-handler/cp2p=gone.desktop;org.example.app.desktop;\n", 0o644)
	p.opens(t, true, "the first choice was removed")
}

// A program that was built has its own desktop file beside that of the package.
func TestABuiltProgramTakesTheLinksFromAPackageAndGivesThemBack(t *testing.T) {
	packaged, _ := installed(t)
	built := packaged
	built.Path = "/opt/built/cp2p"
	turn := func(on bool) {
		t.Helper()
		if err := built.SetOpensLinks(on); err != nil {
			t.Fatal(err)
		}
	}
	turn(true)
	built.opens(t, true, "taken")
	packaged.opens(t, false, "taken")
	turn(false)
	built.opens(t, false, "given back")
	packaged.opens(t, true, "given back")
}

func TestAListThatIsTooLongIsNotShortened(t *testing.T) {
	p, dir := home(t, "/opt/cp2p")
	list := filepath.Join(dir, ".config", mimeApps)
	put(t, list, groupUse+"\n"+strings.Repeat("text/html=browser.desktop\n", maxText/20), 0o644)
	if err := p.SetOpensLinks(true); err == nil {
		t.Error("it was changed")
	}
	if info, err := os.Stat(list); err != nil || info.Size() <= maxText {
		t.Errorf("%v, %v", info, err)
	}
}

func FuzzTheListKeepsWhatIsNotOurs(f *testing.F) {
	f.Add("[Default Applications]\ntext/html=b.desktop\n", "a.desktop")
	f.Add("", "a.desktop")
	f.Add("[Added Associations]\nx-scheme-handler/cp2p=z\n", "")
	f.Fuzz(func(t *testing.T, list, program string) {
		if strings.ContainsAny(program, ";\r\n") || strings.TrimSpace(program) != program {
			return
		}
		var names []string
		if program != "" {
			names = []string{program}
		}
		once := with(list, groupUse, names)
		if got := handlers(once, groupUse); !slices.Equal(got, names) {
			t.Errorf("%q names %q", once, got)
		}
		if twice := with(once, groupUse, names); twice != once {
			t.Errorf("%q becomes %q", once, twice)
		}
	})
}

func FuzzACommandLineIsReadAsItWasWritten(f *testing.F) {
	f.Add("/opt/My Programs/cp2p", `100% "$mine" \`)
	f.Fuzz(func(t *testing.T, path, arg string) {
		p := Program{ID: "org.example.app", Name: "Example", Path: path, Args: []string{arg}}
		if got, want := execWords(p.entry(" %U")), []string{path, arg, "%U"}; !slices.Equal(got, want) {
			t.Errorf("%q became %q", want, got)
		}
	})
}
