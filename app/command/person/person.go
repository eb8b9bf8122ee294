// Package person has the commands with which people send each other files: send, inbox and
// people.
package person

import (
	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
)

// Commands returns all of them.
func Commands(d *drive.Driver) []*cobra.Command {
	p := &program{Driver: d}
	return []*cobra.Command{p.sendCommand(), p.inboxCommand(), p.peopleCommand()}
}

// program is one run of a command.
type program struct{ *drive.Driver }
