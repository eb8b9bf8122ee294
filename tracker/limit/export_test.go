package limit

// Count returns how many connections are open.
func (c *Conns) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}
