package trackerclient

import "time"

// SetTimeout makes calls end earlier than they do for a person.
func (c *Client) SetTimeout(d time.Duration) { c.timeout = d }
