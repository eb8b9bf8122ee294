// Package control has the commands that see and change what a peer does: its downloads, shares
// and settings.
package control

import (
	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
)

// Commands returns all of them.
func Commands(d *drive.Driver) []*cobra.Command {
	p := &program{Driver: d}
	return []*cobra.Command{p.listCommand(), p.pauseCommand(), p.resumeCommand(), p.removeCommand(), p.moveCommand(), p.limitCommand(), p.peersCommand(),
		p.sharesCommand(), p.settingsCommand(), p.statusCommand()}
}

// program is one run of a command.
type program struct{ *drive.Driver }
