package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"centralizedp2p/netproto"
)

// Sentence returns what a person at a terminal reads about an error: what
// happened, why, and what to do next. What came from elsewhere cannot change
// the terminal.
func Sentence(err error) string {
	text := netproto.Printable(err.Error())
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		text = e.Error()
	}
	return strings.TrimRight(text, ". ") + ". " + Hint(netproto.CodeOf(err))
}

// hints say what a person at a terminal can do, where that is a command or a
// flag. The other codes have the hint of netproto.
var hints = map[netproto.Code]string{
	netproto.CodeUnreachable:  "Check its address and that it runs; `centralizedp2p tracker` starts one.",
	netproto.CodeProfileInUse: "Close it, or choose another folder with --profile DIR.",
	netproto.CodeCancelled:    "Give the same command again to go on.",
	netproto.CodeUsage:        "Add --help to see how it is used.",
}

// Hint returns what a person at a terminal can do about a code, as a sentence.
func Hint(code netproto.Code) string {
	if hint, ok := hints[code]; ok {
		return hint
	}
	return code.Hint()
}

// FromExplorer lets a program that was started with a double click on Windows
// run like any other. By default cobra ends such a program after five seconds,
// and with it those that start at login or open a link.
func FromExplorer() { cobra.MousetrapHelpText = "" }
