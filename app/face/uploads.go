package face

import (
	"context"

	"centralizedp2p/netproto"
)

// Uploads is what the Uploads page shows.
type Uploads interface {
	// Uploads returns those that run or wait, then the last ones that ended.
	Uploads(ctx context.Context) ([]Upload, error)
}

// UploadState is the state of an upload.
type UploadState string

// The states of an upload.
const (
	UploadSending UploadState = "sending"
	UploadQueued  UploadState = "queued" // for a slot, at Place
	UploadEnded   UploadState = "ended"
)

// Upload is a row of the Uploads page: one peer fetching one content.
type Upload struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`              // of the content
	Peer    string          `json:"peer"`              // the name that the peer gave itself
	PeerID  netproto.PeerID `json:"peer_id"`           // see [People]; zero for a seed client
	Address string          `json:"address,omitempty"` // host:port
	Size    int64           `json:"size"`              // bytes of the content
	Sent    int64           `json:"sent"`              // bytes to this peer
	Rate    int64           `json:"rate"`              // bytes per second
	State   UploadState     `json:"state"`
	Place   int             `json:"place,omitempty"` // from 1
}
