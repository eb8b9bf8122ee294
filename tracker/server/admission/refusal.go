package admission

import (
	"time"

	"centralizedp2p/netproto"
)

// Refusal is an error with the name of the limit that was hit, for the metrics.
type Refusal struct {
	Err   *netproto.Error
	Limit string
}

// Error implements error.
func (r Refusal) Error() string { return r.Err.Error() }

// Unwrap is for errors.As.
func (r Refusal) Unwrap() error { return r.Err }

// Names of the limits in the metrics.
const (
	limitRateAddress        = "rate-address"
	limitRateKey            = "rate-key"
	limitNewKeys            = "new-keys-address"
	limitConnections        = "connections"
	limitConnectionsAddress = "connections-address"
	limitConnectionRate     = "connection-rate-address"
	limitPeers              = "peers"
	limitBodies             = "bodies"
	limitMemory             = "memory" // of the store
	limitNotes              = "notes"
	limitNotesAddress       = "notes-address"
)

// Names of the limits that other rooms find to be hit.
const (
	LimitResourcesAddress = "resources-address"
	LimitStore            = "store" // the store does not work
	LimitProxyHeader      = "proxy-header"
	LimitCalls            = "calls"
	LimitCallsPair        = "calls-pair"
	LimitRelay            = "relay"
	LimitNotesWaiting     = "notes-waiting" // for one receiver, of one sender, or in all
)

// TooMany is the refusal of a limit of that name, which is over after wait. whose says what
// there was too much of.
func TooMany(name string, wait time.Duration, whose string) error {
	return Refusal{&netproto.Error{Code: netproto.CodeTooMany, Detail: whose, RetryAfter: wait}, name}
}
