package serve

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"centralizedp2p/app/command/usage"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// unitTemplate grants a peer its own folder, the folders that --allow and --download-to
// name, and the network.
var unitTemplate = template.Must(template.New("unit").Parse(`
{{- if .User}}# ~/.config/systemd/user/centralizedp2p.service
{{- else}}# /etc/systemd/system/centralizedp2p.service
{{- end}}
[Unit]
Description=CentralizedP2P
{{- if not .User}}
` + cli.UnitStart + `
{{- end}}

[Service]
ExecStart={{.Command}}
# Settings: the flags' names as CP2P_NAME=value, for example CP2P_UP_LIMIT=2MB
EnvironmentFile=-{{if .User}}%E/centralizedp2p/serve.env{{else}}/etc/centralizedp2p.env{{end}}
` + cli.UnitRun + `
{{- if not .User}}
StateDirectory=centralizedp2p
{{- range .Folders}}
ReadWritePaths={{.}}
{{- end}}
AmbientCapabilities=
CapabilityBoundingSet=
ProtectHome={{if .Home}}read-only{{else}}yes{{end}}
` + cli.UnitHardening + `
{{- end}}

[Install]
WantedBy={{if .User}}default.target{{else}}multi-user.target{{end}}
`))

func (p *program) serveUnitCommand() *cobra.Command {
	var user bool
	var flags *serveFlags
	cmd := &cobra.Command{
		Use:   "systemd-unit",
		Short: "Print a systemd unit that runs the peer",
		Long: "Print a unit for systemd: for the whole system, with its data in\n" +
			"/var/lib/centralizedp2p, or with --user for yourself. The service runs with the\n" +
			"flags given here.",
		Example: "  centralizedp2p serve systemd-unit --control :5050 --allow /srv/media |\n" +
			"    sudo tee /etc/systemd/system/centralizedp2p.service\n" +
			"  centralizedp2p serve systemd-unit --user > ~/.config/systemd/user/centralizedp2p.service",
		Args: usage.Exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.writeUnit(cmd, flags, user) },
	}
	flags = newServeFlags(cmd)
	cmd.Flags().BoolVar(&user, "user", false, "for systemd --user, with your own profile")
	return cmd
}

func (p *program) writeUnit(cmd *cobra.Command, flags *serveFlags, user bool) error {
	if cmd.Flags().Changed("profile") && !user {
		return netproto.Errorf(netproto.CodeUsage, "%s takes --profile only with --user: systemd makes the folder of a service", cmd.Name())
	}
	program, err := os.Executable()
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "finding the path of this program: %w", err)
	}
	o := &flags.options
	if err := o.check(); err != nil {
		return err
	}
	command := []string{program, "serve"}
	for _, path := range []*string{&o.config, &o.logFile, &o.downloads, &p.Profile} { // the service runs in another folder
		if *path != "" {
			if *path, err = filepath.Abs(cli.ExpandHome(*path)); err != nil {
				return netproto.Errorf(netproto.CodeUsage, "%w", err)
			}
		}
	}
	allowed, err := o.folders("")
	if err != nil {
		return err
	}
	folders := allowed
	if o.allow = strings.Join(allowed, ","); o.downloads != "" {
		folders = append(folders, o.downloads)
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "user", "tracker":
		default:
			command = append(command, "--"+f.Name+"="+f.Value.String())
		}
	})
	for _, tracker := range p.Trackers {
		command = append(command, "--tracker="+tracker)
	}
	line, err := cli.UnitCommand(command)
	if err != nil {
		return err
	}
	if !user {
		line += " --profile %S/centralizedp2p"
		if o.downloads == "" {
			line += " --download-to %S/centralizedp2p/downloads"
		}
	}
	return writeUnit(cmd.OutOrStdout(), unit{Command: line, User: user, Folders: folders})
}

// unit is what the template of a unit needs.
type unit struct {
	Command string
	User    bool
	Folders []string // that the service may write
}

// Home reports whether one of the folders is in a home, which the service must see then.
func (u unit) Home() bool {
	for _, folder := range u.Folders {
		for _, home := range []string{"/home/", "/root/", "/run/user/"} {
			if strings.HasPrefix(folder, home) {
				return true
			}
		}
	}
	return false
}

func writeUnit(w io.Writer, u unit) error {
	quoted := u
	quoted.Folders = nil
	for _, folder := range u.Folders {
		word, err := cli.UnitCommand([]string{folder})
		if err != nil {
			return err
		}
		quoted.Folders = append(quoted.Folders, word)
	}
	return unitTemplate.Execute(w, quoted)
}
