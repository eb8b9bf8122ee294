package server

import (
	"encoding/json"
	"log/slog"
	"maps"

	"centralizedp2p/tracker/limit"
)

// sharedRates returns the rates that count for all nodes, by the names under which nodes tell each
// other. Connections are not among them, nor is what a relay passes on: those are a node's
// own.
func (s *Server) sharedRates() map[string]limit.Shared {
	all := s.calls.Rates()
	maps.Copy(all, map[string]limit.Shared{
		"requests": s.guard.requests, "keys": s.guard.keys, "new-keys": s.guard.newKeys,
		"notes-minute": s.notes.minute, "notes-hour": s.notes.hour, "notes-minute-address": s.notes.minuteAt, "notes-hour-address": s.notes.hourAt,
	})
	return all
}

// spent returns what was spent here of the limits that count for all nodes.
func (s *Server) spent() map[string]json.RawMessage {
	told := map[string]json.RawMessage{}
	for name, rates := range s.settled {
		if spent := rates.Spent(); spent != nil {
			told[name] = spent
		}
	}
	return told
}

// spentElsewhere charges what was spent at another node. Limits that are not known here are
// of a newer one.
func (s *Server) spentElsewhere(told map[string]json.RawMessage) {
	for name, spent := range told {
		if rates := s.settled[name]; rates != nil {
			if err := rates.SpentElsewhere(spent, s.guard.now()); err != nil {
				s.log.Debug("another node was not understood", slog.String("limit", name), slog.Any("error", err))
			}
		}
	}
}
