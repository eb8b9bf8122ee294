package peer

// told returns what is remembered of what a tracker was told.
func (e *Engine) told(address string) string {
	sum, err := e.config.Library.Announced(address)
	if err != nil {
		e.log.Warn("what a tracker was told is not known, so it is told again", "tracker", address, "error", err)
	}
	return sum
}

// rememberTold remembers it.
func (e *Engine) rememberTold(address, sum string) {
	if err := e.config.Library.SaveAnnounced(address, sum); err != nil {
		e.log.Error("remembering what a tracker was told", "tracker", address, "error", err)
	}
}
