package cli

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

func TestAnErrorIsASentenceOfWhatAndWhyAndOneOfWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{netproto.Errorf(netproto.CodePortInUse, "port 5000."), "The port is used by another program: port 5000. Stop that program, or choose another port."},
		{fmt.Errorf("while opening: %w", netproto.Errorf(netproto.CodeProfileInUse, "/home/ada")),
			"The profile is used by another CentralizedP2P: /home/ada. Close it, or choose another folder with --profile DIR."},
		{&netproto.Error{Code: netproto.CodeCancelled}, "It was stopped before it was done. Give the same command again to go on."},
		{&fs.PathError{Op: "open", Path: "a", Err: fs.ErrPermission}, "open a: permission denied. " + netproto.CodeInternal.Hint()},
	} {
		if got := Sentence(c.err); got != c.want {
			t.Errorf("it reads %q, not %q", got, c.want)
		}
	}
}

func TestOnlyVisibleCharactersReachTheTerminal(t *testing.T) {
	for _, err := range []error{
		netproto.Errorf(netproto.CodeNotFound, "%s", "evil\x1b[2Jname\u202e"),
		&os.PathError{Op: "open", Path: "evil\x1b[2Jname", Err: os.ErrNotExist},
	} {
		if said := Sentence(err); said != netproto.Printable(said) {
			t.Errorf("%q", said)
		}
	}
}

func TestAHintThatIsNotOfNetprotoIsASentenceOfItsOwn(t *testing.T) {
	for code, hint := range hints {
		if !strings.HasSuffix(hint, ".") || hint == code.Hint() {
			t.Errorf("%s: %q", code, hint)
		}
	}
	if got := Hint("of-a-later-version"); got == "" {
		t.Error("a code of a later version has no hint")
	}
}
