package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
)

func (s *Server) tracker(w http.ResponseWriter, _ *http.Request, _ origin.Caller) error {
	var addresses []string
	if len(s.config.Addresses) > 1 {
		addresses = s.config.Addresses
	}
	var ports []int
	if list := s.ports.Load(); list != nil {
		ports = *list
	}
	return rest.Answer(w, netproto.TrackerInfo{
		Name:             s.config.Name,
		Fingerprint:      s.config.Identity.Fingerprint(),
		Version:          s.config.Version,
		SeedClients:      s.config.SeedClients,
		HeartbeatSeconds: int(s.config.Heartbeat / time.Second),
		LeaseSeconds:     int(s.config.lease() / time.Second),
		Limits: netproto.Limits{
			Announce:         netproto.MaxAnnounce,
			Page:             netproto.MaxPage,
			ResourcesPerPeer: s.guard.ResourcesPerPeer(),
		},
		Addresses: addresses,

		Ports: ports,
		Line:  true,
		Relay: s.relay.On(),

		Wishes: true,
	})
}

func (s *Server) stats(w http.ResponseWriter, r *http.Request, _ origin.Caller) error {
	stats, err := s.store.Stats(r.Context())
	if err != nil {
		return err
	}
	return rest.Answer(w, stats)
}

// health reports that the process answers, ready that it can do its work.
func health(w http.ResponseWriter, _ *http.Request, _ origin.Caller) error {
	return rest.Answer(w, map[string]string{"status": "ok"})
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request, _ origin.Caller) error {
	if err := s.storeReady(r.Context()); err != nil {
		return err
	}
	return rest.Answer(w, map[string]string{"status": "ready", "role": string(s.config.Role)})
}

// storeReady returns nil while the store works, otherwise a refusal with status
// 503. The store has logged why it does not work.
func (s *Server) storeReady(ctx context.Context) error {
	err := s.store.Ready(ctx)
	if err == nil {
		return nil
	}
	known, ok := errors.AsType[*netproto.Error](err)
	if !ok || known.Code != netproto.CodeFull && known.Code != netproto.CodeStoreAway {
		known = &netproto.Error{Code: netproto.CodeFull, Detail: "its store is not ready", Cause: err}
	}
	return admission.Refusal{Err: known, Limit: admission.LimitStore}
}
