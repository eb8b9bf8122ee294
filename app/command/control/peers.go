package control

import (
	"context"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
)

// peerLine is a connection at work, as `peers --json` prints it.
type peerLine struct {
	Direction string `json:"direction"` // down, up
	Peer      string `json:"peer"`      // the name that it gave itself
	PeerID    string `json:"peer_id"`
	Address   string `json:"address,omitempty"`
	Way       string `json:"way,omitempty"` // of a source: lan, direct, router, called, relayed
	State     string `json:"state"`
	Rate      int64  `json:"rate"`  // bytes per second
	Bytes     int64  `json:"bytes"` // received from it, or sent to it
	Name      string `json:"name"`  // of the content
}

func (p *program) peersCommand() *cobra.Command {
	return p.Drives(&cobra.Command{
		Use:     "peers",
		Short:   "List the peers that bytes come from and go to",
		Example: "  centralizedp2p peers",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.EngineWork, error) { return p.listPeers, nil })
}

func (p *program) listPeers(ctx context.Context, engine face.Engine) error {
	lines, err := peerLines(ctx, engine)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, l := range lines {
		if p.JSON {
			p.Event(l)
			continue
		}
		rows = append(rows, []string{l.Direction, l.State, screen.Size(l.Rate) + "/s", screen.Size(l.Bytes), l.Peer, l.Address, l.Way, l.Name})
	}
	switch {
	case p.JSON:
	case len(rows) == 0:
		p.Say("Nothing goes to or comes from other peers.")
	default:
		p.Table([]string{"", "STATE", "SPEED", "BYTES", "PEER", "ADDRESS", "WAY", "NAME"}, rows)
	}
	return nil
}

func peerLines(ctx context.Context, engine face.Engine) (lines []peerLine, err error) {
	downloads, err := engine.Downloads(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range downloads {
		if !d.IsRunning() || d.Sources == 0 {
			continue
		}
		details, err := engine.Details(ctx, d.ID)
		if err != nil {
			continue // it has just left the list
		}
		for _, s := range details.Sources {
			if s.State != face.SourceKnown {
				lines = append(lines, peerLine{Direction: "down", Peer: s.Name, PeerID: s.PeerID.String(), Address: s.Address, Way: string(s.Way),
					State: string(s.State), Rate: s.Rate, Bytes: s.Got, Name: d.Name})
			}
		}
	}
	uploads, err := engine.Uploads(ctx)
	for _, u := range uploads {
		if u.State != face.UploadEnded {
			lines = append(lines, peerLine{Direction: "up", Peer: u.Peer, PeerID: u.PeerID.String(), Address: u.Address, State: string(u.State),
				Rate: u.Rate, Bytes: u.Sent, Name: u.Name})
		}
	}
	return lines, err
}
