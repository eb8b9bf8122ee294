package localengine

import (
	"context"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// uploads implements [face.Uploads].
type uploads struct{ *core }

// Uploads returns the rows of the Uploads page.
func (u *uploads) Uploads(context.Context) ([]face.Upload, error) {
	list := u.engine.Uploads.List()
	rows := make([]face.Upload, len(list))
	for i, up := range list {
		rows[i] = face.Upload{
			ID: up.ID, Name: u.engine.NameOf(up.Hash), Peer: up.Peer, Address: up.Address,
			Size: up.Size, Sent: up.Sent, Rate: up.Rate, Place: up.Place, State: face.UploadSending,
		}
		if up.Key != (netproto.PublicKey{}) {
			rows[i].PeerID = netproto.PeerIDOf(up.Key[:])
		}
		switch {
		case up.Ended:
			rows[i].State, rows[i].Rate = face.UploadEnded, 0
		case up.Place > 0:
			rows[i].State = face.UploadQueued
		}
	}
	return rows, nil
}

// StopUploads ends uploads until the next start.
func (u *uploads) StopUploads(_ context.Context, ids []string) error {
	u.engine.Uploads.Stop(ids...)
	return nil
}
