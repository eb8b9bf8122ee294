package launch

import (
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// AtLogin reports whether the system starts this program when the person logs
// in.
func (p Program) AtLogin() (bool, error) {
	path, err := p.agent()
	if err != nil {
		return false, err
	}
	text, err := p.agentText()
	if err != nil {
		return false, err
	}
	return holds(path, text)
}

// SetAtLogin makes the system start this program at login, or stop doing so.
func (p Program) SetAtLogin(on bool) error {
	path, err := p.agent()
	if err != nil {
		return err
	}
	if !on {
		return remove(path)
	}
	if err := p.check(); err != nil {
		return err
	}
	text, err := p.agentText()
	if err != nil {
		return err
	}
	return replace(path, text)
}

func (p Program) agent() (string, error) {
	home, err := os.UserHomeDir()
	return filepath.Join(home, "Library", "LaunchAgents", p.ID+".plist"), err
}

// agentText returns a property list of launchd.plist(5).
func (p Program) agentText() (string, error) {
	var b strings.Builder
	b.WriteString(xml.Header + `<plist version="1.0"><dict><key>RunAtLoad</key><true/><key>Label</key><string>` + p.ID +
		`</string><key>ProgramArguments</key><array>`)
	for _, arg := range append([]string{p.Path}, p.Args...) {
		b.WriteString("<string>")
		if err := xml.EscapeText(&b, []byte(arg)); err != nil {
			return "", err
		}
		b.WriteString("</string>")
	}
	b.WriteString("</array></dict></plist>\n")
	return b.String(), nil
}

// CanOpenLinks reports whether a program can register itself for links. On
// macOS only the Info.plist of its bundle can.
const CanOpenLinks = false

var errBundle = errors.New("on macOS the Info.plist of the bundle says which links a program opens")

// OpensLinks reports whether the system opens cp2p:// links with this program.
func (p Program) OpensLinks() (bool, error) { return false, nil }

// SetOpensLinks fails; see CanOpenLinks.
func (p Program) SetOpensLinks(bool) error { return errBundle }
