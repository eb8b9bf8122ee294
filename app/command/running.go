package command

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/face"
	"centralizedp2p/app/localengine"
	"centralizedp2p/app/node"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
	"centralizedp2p/netproto/version"
)

// engineWork is what a command has an engine do: that of the peer which runs with the
// profile already, or one of its own.
type engineWork func(ctx context.Context, engine face.Engine) error

const (
	// startTime is how long a command waits for a peer that has the profile and is still
	// starting.
	startTime = 3 * time.Second
	startLook = 50 * time.Millisecond
)

// running returns the peer that runs with the profile; nil if none does.
func (p *program) running(ctx context.Context) (*remote.Client, error) {
	profile, err := p.profileDir()
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
func (p *program) eitherWay(cmd *cobra.Command, flags *peerFlags, driven engineWork, alone peerWork) error {
	ctx := cmd.Context()
	for deadline := time.Now().Add(startTime); ; {
		client, err := p.running(ctx)
		if err != nil {
			return err
		}
		if client != nil {
			err := p.drive(cmd, client, driven)
			if netproto.CodeOf(err) != netproto.CodePeerUnreachable {
				return err
			}
			deadline = time.Now().Add(startTime)
		}
		err = p.alone(cmd, flags, alone)
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
func (p *program) drive(cmd *cobra.Command, client *remote.Client, work engineWork) error {
	defer client.Close()
	for _, name := range []string{"listen", "seed-clients", "no-router-port", "no-calls", "no-relay"} {
		if cmd.Flags().Changed(name) {
			return netproto.Errorf(netproto.CodeUsage, "a peer runs with this profile already, and --%s is up to that", name)
		}
	}
	if err := p.alsoNamed(cmd.Context(), client); err != nil {
		return err
	}
	return work(cmd.Context(), client)
}

// alsoNamed has a running peer use the trackers of --tracker beside its own.
func (p *program) alsoNamed(ctx context.Context, engine face.Engine) error {
	named, err := p.namedTrackers()
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
			return replaceable(err)
		}
	}
	return nil
}

// alone opens a peer for the work of this command. Other commands drive it meanwhile.
func (p *program) alone(cmd *cobra.Command, flags *peerFlags, work peerWork) (err error) {
	n, err := flags.open(cmd, p)
	if err != nil {
		return err
	}
	engine := localengine.Attach(n, p.Err)
	defer func() { err = errors.Join(err, engine.Close()) }()
	server := remote.NewServer(engine, remote.Options{Version: version.Number, Log: n.Log})
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := server.ServeLocal(n.Library.Dir()); err != nil {
		n.Log.Warn("no other command can reach this one", "error", err)
	}
	return work(cmd.Context(), n)
}

// drives makes cmd one that does the same with a running peer and with one of its own.
func (p *program) drives(cmd *cobra.Command, prepare func(args []string) (engineWork, error)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		work, err := prepare(args)
		if err != nil {
			return err
		}
		client, err := p.running(cmd.Context())
		if err != nil {
			return err
		}
		if client != nil {
			return p.drive(cmd, client, work)
		}
		return p.withProfile(cmd.Context(), work)
	}
	return cmd
}

// withProfile does work with what a profile remembers, without going on with it.
func (p *program) withProfile(ctx context.Context, work engineWork) (err error) {
	profile, err := p.profileDir()
	if err != nil {
		return err
	}
	n, err := node.Open(ctx, node.Options{Profile: profile, Log: p.log(), NoRouterPort: true})
	if err != nil {
		return err
	}
	engine := localengine.Attach(n, p.Err)
	defer func() { err = errors.Join(err, engine.Close()) }()
	if err := engine.LoadShares(); err != nil {
		return err
	}
	return work(ctx, engine)
}

// follow looks at an engine whenever it changes, and now and then, until look says that
// it has seen enough.
func follow(ctx context.Context, engine face.Engine, look func() (done bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := engine.Watch(ctx)
	tick := pulse.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return &netproto.Error{Code: netproto.CodeCancelled}
		case _, open := <-changed:
			if !open {
				changed = nil // ctx ends, or the tick goes on alone
			}
		case <-tick.C:
		}
	}
}

// personNamed returns the one person with a name, or with an ID.
func personNamed(ctx context.Context, engine face.Engine, name string) (face.Person, error) {
	var id netproto.PeerID
	if err := id.UnmarshalText([]byte(name)); err == nil {
		return engine.Person(ctx, id)
	}
	list, err := engine.People(ctx, name)
	var same []face.Person
	var ids []string
	for _, person := range list.People {
		if strings.EqualFold(person.Name, name) {
			same, ids = append(same, person), append(ids, person.PeerID.String())
		}
	}
	switch {
	case len(same) == 1 && !list.More:
		return same[0], nil
	case len(same) > 0:
		return face.Person{}, netproto.Errorf(netproto.CodeAmbiguous, "%q is the name of several people: say which ID you mean: %s",
			name, strings.Join(ids[:min(len(ids), maxListed)], ", "))
	case err != nil:
		return face.Person{}, err
	}
	return face.Person{}, netproto.Errorf(netproto.CodeNotFound, "nobody called %q is on the tracker", name)
}
