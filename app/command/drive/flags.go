package drive

import (
	"github.com/spf13/cobra"

	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
)

// peerFlags are the flags of commands that run a peer.
type peerFlags struct {
	listen      int
	seedClients string
	reach       ReachFlags
}

func (f *peerFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.listen, "listen", 0, "`PORT` for other peers (default: the saved one, else a free one)")
	cmd.Flags().StringVar(&f.seedClients, "seed-clients", string(netproto.SeedLAN), "answer seed clients by UDP: `off|lan|open`")
	f.reach.Add(cmd)
}

// open starts a peer with these flags.
func (f *peerFlags) open(cmd *cobra.Command, d *Driver) (*node.Node, error) {
	profile, err := d.ProfileDir()
	if err != nil {
		return nil, err
	}
	o := node.Options{Profile: profile, Log: d.Log()}
	f.reach.Set(&o)
	if cmd.Flags().Changed("listen") {
		if f.listen < 0 || f.listen > 65535 {
			return nil, netproto.Errorf(netproto.CodeUsage, "--listen is a port from 1 to 65535, or 0 for a free one, not %d", f.listen)
		}
		o.Listen = &f.listen
	}
	if cmd.Flags().Changed("seed-clients") { // otherwise the settings decide
		if o.SeedClients, err = netproto.ParseSeedPolicy(f.seedClients); err != nil {
			return nil, netproto.Errorf(netproto.CodeUsage, "--seed-clients is off, lan or open, not %q", f.seedClients)
		}
	}
	return node.Open(cmd.Context(), o)
}

// ReachFlags switch off what the settings allow.
type ReachFlags struct{ noRouterPort, noCalls, noRelay bool }

// Add adds the flags to a command.
func (f *ReachFlags) Add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noRouterPort, "no-router-port", false, "do not ask the router to open the port for other peers")
	cmd.Flags().BoolVar(&f.noCalls, "no-calls", false, "do not let the tracker arrange connections through routers and firewalls")
	cmd.Flags().BoolVar(&f.noRelay, "no-relay", false, "do not let the tracker pass bytes on when nothing else works")
}

// Set puts the flags into the options of a peer.
func (f *ReachFlags) Set(o *node.Options) {
	o.NoRouterPort, o.NoCalls, o.NoRelay = f.noRouterPort, f.noCalls, f.noRelay
}
