package launch

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/windows/registry"
)

func TestACommandLineIsKnownHoweverItIsQuoted(t *testing.T) {
	ours := Program{Path: `C:\Programs\cp2p.exe`, Args: []string{"--profile", `D:\My Profile`}}.commandLine() + ` "%1"`
	for line, want := range map[string]bool{
		ours: true,
		`"C:\Programs\cp2p.exe" "--profile" "D:\My Profile" "%1"`: true, // as installers write it
		`"c:\programs\CP2P.EXE" --profile "D:\My Profile" %1`:     true,
		`C:\Programs\cp2p.exe --profile "D:\My Profile"`:          false,
		`C:\Programs\cp2p.exe --profile "D:\my profile" "%1"`:     false,
		`C:\Other\cp2p.exe --profile "D:\My Profile" "%1"`:        false,
		`C:\Programs\cp2p.exe "%1"`:                               false,
		``:                                                        false,
	} {
		if got := sameCommand(line, ours); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

func TestWhatAnInstallerRegisteredIsSeen(t *testing.T) {
	path := fmt.Sprintf(`Software\centralizedp2p-test-%d`, os.Getpid())
	t.Cleanup(func() { registry.DeleteKey(registry.CURRENT_USER, path) })
	const want = `C:\cp2p.exe "%1"`
	if is, err := valueIs(path, "", want); is || err != nil {
		t.Errorf("before: %v, %v", is, err)
	}
	if err := setValue(path, "", `"C:\cp2p.exe" "%1"`); err != nil {
		t.Fatal(err)
	}
	if is, err := valueIs(path, "", want); !is || err != nil {
		t.Errorf("after: %v, %v", is, err)
	}
}
