package trackerclient

import (
	"net/netip"
	"time"
)

// SetTimeout makes calls end earlier than they do for a person.
func (c *Client) SetTimeout(d time.Duration) { c.timeout = d }

// Dialable returns the addresses that a tracker may name.
func Dialable(tracker, observed netip.Addr, addresses []string) []string {
	return viewpoint{tracker, observed}.dialable(addresses)
}
