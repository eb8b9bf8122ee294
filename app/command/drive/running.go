package drive

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/face"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/version"
)

// EngineWork is what a command has an engine do: that of the peer which runs with the
// profile already, or one of its own.
type EngineWork func(ctx context.Context, engine face.Engine) error

const (
	// startTime is how long a command waits for a peer that has the profile and is still
	// starting.
	startTime = 3 * time.Second
	startLook = 50 * time.Millisecond
)

// running returns the peer that runs with the profile; nil if none does.
func (d *Driver) running(ctx context.Context) (*remote.Client, error) {
	profile, err := d.ProfileDir()
	if err != nil {
		return nil, err
	}
	client := remote.NewLocal(profile)
	_, err = client.Peer(ctx)
	if err == nil {
		return client, nil
	}
	client.Close()
	if netproto.CodeOf(err) == netproto.CodePeerUnreachable {
		err = nil
	}
	return nil, err
}

// eitherWay runs driven with the peer that runs with the profile. If none does, it opens
// one and runs alone; others can drive that one meanwhile. A command that is driving a
// peer which ends goes on alone.
func (d *Driver) eitherWay(cmd *cobra.Command, flags *peerFlags, driven EngineWork, alone PeerWork) error {
	ctx := cmd.Context()
	for deadline := time.Now().Add(startTime); ; {
		client, err := d.running(ctx)
		if err != nil {
			return err
		}
		if client != nil {
			err := d.drive(cmd, client, driven)
			if netproto.CodeOf(err) != netproto.CodePeerUnreachable {
				return err
			}
			deadline = time.Now().Add(startTime)
		}
		err = d.alone(cmd, flags, alone)
		if netproto.CodeOf(err) != netproto.CodeProfileInUse || time.Now().After(deadline) {
			return err
		}
		select { // another one has just opened the profile, or is about to close it
		case <-ctx.Done():
			return err
		case <-time.After(startLook):
		}
	}
}

// drive runs work with a running peer, for which the flags of a peer mean nothing.
func (d *Driver) drive(cmd *cobra.Command, client *remote.Client, work EngineWork) error {
	defer client.Close()
	for _, name := range []string{"listen", "seed-clients", "no-router-port", "no-calls", "no-relay"} {
		if cmd.Flags().Changed(name) {
			return netproto.Errorf(netproto.CodeUsage, "a peer runs with this profile already, and --%s is up to that", name)
		}
	}
	if err := d.alsoNamed(cmd.Context(), client); err != nil {
		return err
	}
	return work(cmd.Context(), client)
}

// alsoNamed has a running peer use the trackers of --tracker beside its own.
func (d *Driver) alsoNamed(ctx context.Context, engine face.Engine) error {
	named, err := d.NamedTrackers()
	if err != nil || len(named) == 0 {
		return err
	}
	now, err := engine.Tracker(ctx)
	if err != nil {
		return err
	}
	for _, link := range named {
		use := func() error { return engine.AlsoUseTracker(ctx, link.String(), true) }
		switch now.Address {
		case link.Tracker:
			continue
		case "":
			use = func() error { return engine.UseTracker(ctx, link.String()) }
		}
		if err := use(); err != nil {
			return lookout.Replaceable(err)
		}
	}
	return nil
}

// alone opens a peer for the work of this command. Other commands drive it meanwhile.
func (d *Driver) alone(cmd *cobra.Command, flags *peerFlags, work PeerWork) (err error) {
	n, err := flags.open(cmd, d)
	if err != nil {
		return err
	}
	engine := localengine.Attach(n, d.Err)
	defer func() { err = errors.Join(err, engine.Close()) }()
	server := remote.NewServer(engine, remote.Options{Version: version.Number, Log: n.Log})
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := server.ServeLocal(n.Library.Dir()); err != nil {
		n.Log.Warn("no other command can reach this one", "error", err)
	}
	return work(cmd.Context(), n)
}

// Drives makes cmd one that does the same with a running peer and with one of its own.
func (d *Driver) Drives(cmd *cobra.Command, prepare func(args []string) (EngineWork, error)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		work, err := prepare(args)
		if err != nil {
			return err
		}
		client, err := d.running(cmd.Context())
		if err != nil {
			return err
		}
		if client != nil {
			return d.drive(cmd, client, work)
		}
		return d.withProfile(cmd.Context(), work)
	}
	return cmd
}

// withProfile does work with what a profile remembers, without going on with it.
func (d *Driver) withProfile(ctx context.Context, work EngineWork) (err error) {
	profile, err := d.ProfileDir()
	if err != nil {
		return err
	}
	n, err := node.Open(ctx, node.Options{Profile: profile, Log: d.Log(), NoRouterPort: true})
	if err != nil {
		return err
	}
	engine := localengine.Attach(n, d.Err)
	defer func() { err = errors.Join(err, engine.Close()) }()
	if err := engine.LoadShares(); err != nil {
		return err
	}
	return work(ctx, engine)
}

// PeerWork is what a command does with a running peer.
type PeerWork func(ctx context.Context, n *node.Node) error

// RunsOrDrives makes cmd one that has the peer which runs with the profile do the
// work, or else runs one. prepare checks the arguments before anything starts.
func (d *Driver) RunsOrDrives(cmd *cobra.Command, prepare func(args []string) (PeerWork, EngineWork, error)) *cobra.Command {
	var flags peerFlags
	flags.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		alone, driven, err := prepare(args)
		if err != nil {
			return err
		}
		return d.eitherWay(cmd, &flags, driven, alone)
	}
	return cmd
}
