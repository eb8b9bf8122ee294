package command

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain lets the test binary be the program, in the scripts of testdata.
func TestMain(m *testing.M) {
	testscript.Main(withoutLeaks{m}, map[string]func(){"centralizedp2p": headless})
}

// headless is the main of a build without a window.
func headless() {
	ctx, _ := UntilStopped(context.Background())
	code := Run(ctx, os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, nil)
	os.Exit(code)
}

// withoutLeaks fails when a goroutine outlives the tests.
type withoutLeaks struct{ *testing.M }

func (m withoutLeaks) Run() int {
	code := m.M.Run()
	if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
