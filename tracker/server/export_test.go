package server

import "time"

// Hurry makes the server wait for each phase of a connection only that long.
func (s *Server) Hurry(d time.Duration) {
	s.timeouts = timeouts{firstByte: d, header: d, read: d, write: d, idle: d, stop: d}
}
