package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tracker": main})
}

func TestTheCommandFromOutside(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"fails": fails, "await": await, "mode": mode,
	}})
}

// fails CODE COMMAND… wants the command to end with that exit code and one
// sentence on stderr.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("it ended with %v, not with exit code %s", err, args[0])
	}
	if said := ts.ReadFile("stderr"); strings.Count(said, "\n") != 1 || !strings.HasSuffix(said, ".\n") || ts.ReadFile("stdout") != "" {
		ts.Fatalf("it said %q", said)
	}
}

// await FILE waits until the file is there; await COMMAND ARGUMENT… until the
// command succeeds.
func await(ts *testscript.TestScript, _ bool, args []string) {
	there := func() bool { return ts.Exec(args[0], args[1:]...) == nil }
	if len(args) == 1 {
		there = func() bool {
			_, err := os.Stat(ts.MkAbs(args[0]))
			return err == nil
		}
	}
	awaitThat(ts, args, there)
}

func awaitThat(ts *testscript.TestScript, args []string, there func() bool) {
	for end := time.Now().Add(2 * time.Minute); !there(); { // a key is sealed slowly, on purpose
		if time.Now().After(end) {
			ts.Fatalf("%q did not happen", args)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// mode MODE FILE wants a file to have those permissions.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has the mode %s", args[1], got)
	}
}

func TestADoubleClickOnWindowsRunsTheTracker(t *testing.T) {
	before := cobra.MousetrapHelpText
	defer func() { cobra.MousetrapHelpText = before }()
	cobra.MousetrapHelpText = "this is a command line tool"
	if err := run(t.Context(), []string{"--version"}, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	if cobra.MousetrapHelpText != "" {
		t.Error("cobra ends a tracker that the Explorer starts")
	}
}
