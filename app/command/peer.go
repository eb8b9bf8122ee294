package command

import (
	"strconv"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/seedpeer"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

func (p *program) peerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "peer PEER_IP SERVER_IP ACTION_PORT LISTEN_PORT",
		Short: "The seed's console: exchange small files with seed clients",
		Long: "peer is the console of the Python program that this one grew out of, with the same\n" +
			"commands and messages: -u PATH/NAME registers a file, -d NAME fetches one into\n" +
			"downloads/, -l lists all, -q ends. It speaks plain HTTP to port 5000 of SERVER_IP and\n" +
			"UDP to other peers, which send at most 10,240 bytes of a file.",
		Example: "  centralizedp2p peer 127.0.0.1 127.0.0.1 3001 3000",
		Args:    usage.Exactly(4, "PEER_IP SERVER_IP ACTION_PORT LISTEN_PORT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := usage.Without(cmd, "tracker", "json"); err != nil {
				return err
			}
			url, err := seedpeer.TrackerURL(args[1])
			if err != nil {
				return err
			}
			action, err := port("ACTION_PORT", args[2])
			if err != nil {
				return err
			}
			listen, err := port("LISTEN_PORT", args[3])
			if err != nil {
				return err
			}
			return seedpeer.RunConsole(cmd.Context(), seedpeer.ConsoleConfig{
				PeerIP: args[0], Server: args[1], ActionPort: action, ListenPort: listen,
				Registry: trackerclient.NewSeed(url), In: p.In, Out: p.Out, Sentence: cli.Sentence,
			})
		},
	}
}

func port(name, text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, netproto.Errorf(netproto.CodeUsage, "%s is a number from 1 to 65535, or 0 for a free port, not %q", name, text)
	}
	return int(n), nil
}
