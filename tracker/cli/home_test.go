package cli

import (
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"testing"
)

func TestATildeIsTheHomeFolder(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("~backup", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"~": home, "~/": home, "~/Music": filepath.Join(home, "Music"), "~/a/../b": filepath.Join(home, "b"),
		"": "", "a/~": "a/~", "/~": "/~", "./~": "./~", "~backup": "~backup", "~nobody-has-this-name/x": "~nobody-has-this-name/x",
	}
	if me, err := user.Current(); err == nil && runtime.GOOS != "windows" {
		cases["~"+me.Username+"/x"] = filepath.Join(me.HomeDir, "x")
	}
	for path, want := range cases {
		if got := ExpandHome(path); got != want {
			t.Errorf("%q is %q, not %q", path, got, want)
		}
	}
}

func TestWithoutHOMETheSystemSaysWhereTheHomeFolderIs(t *testing.T) {
	me, err := user.Current()
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("here it is a variable")
	}
	t.Setenv("HOME", "")
	if got, want := ExpandHome("~/x"), filepath.Join(me.HomeDir, "x"); got != want {
		t.Errorf("it is %q, not %q", got, want)
	}
}
