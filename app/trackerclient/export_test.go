package trackerclient

import (
	"net/netip"
	"time"
)

// SetTimeout makes calls end earlier than they do for a person.
func (c *Client) SetTimeout(d time.Duration) { c.timeout = d }

// SetTellsFor makes answers about contents stand longer or shorter.
func (c *Client) SetTellsFor(d time.Duration) { c.tellsFor = d }

// UsableAddresses returns the addresses at which a tracker may say it is found.
func UsableAddresses(tracker netip.Addr, addresses []string) []string {
	return viewpoint{tracker: tracker}.usableAddresses(addresses)
}

// Dialable returns the addresses that a tracker may name.
func Dialable(tracker, observed netip.Addr, addresses []string) []string {
	return viewpoint{tracker, observed}.dialable(addresses)
}
