package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/relay"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// relayed passes on the bytes of a call inside TLS. It answers 101 once the other side
// is there.
func (s *Server) relayed(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	if err := rest.WantsUpgrade(w, r, netproto.RelayProtocol); err != nil {
		return err
	}
	var token netproto.RelayToken
	if err := token.UnmarshalText([]byte(r.PathValue("token"))); err != nil {
		return netproto.Errorf(netproto.CodeNotFound, "this is no token of the relay: %w", err)
	}
	if node, elsewhere := s.others.MakerOf(token); elsewhere {
		return s.passUpgraded(w, r, node, token)
	}
	place, err := s.relay.Enter(r.Context(), token, relay.Whose{Key: c.Key, Addr: c.Addr, Shared: c.Relay})
	if err != nil {
		return s.notRelayed(err)
	}
	conn, early, err := rest.Upgrade(w, netproto.RelayProtocol)
	if err != nil {
		s.log.Debug("a connection could not be relayed", slog.Any("error", err))
		place.Leave()
		return nil // no answer is possible now
	}
	go place.Join(conn, early) // until the relay is closed
	return nil
}

// notRelayed names the limit of a relay that is full.
func (s *Server) notRelayed(err error) error {
	if known, ok := errors.AsType[*netproto.Error](err); ok && known.Code == netproto.CodeFull {
		return admission.Refusal{Err: known, Limit: admission.LimitRelay}
	}
	return err
}

// relayRaw passes on the bytes of a call without TLS of the tracker's own: the first
// byte was netproto.RawRelay. Whatever is not right ends the connection; only the peer
// that was given the token could understand an answer.
func (s *Server) relayRaw(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	var token netproto.RelayToken
	conn.SetReadDeadline(time.Now().Add(s.times.FirstByte))
	if _, err := io.ReadFull(conn, token[:]); err != nil {
		return
	}
	var addr netip.Addr
	if at, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		addr = netaddr.Plain(at.AddrPort().Addr())
	}
	shared := s.proxies.Trust(addr) || s.others.Brings(addr)
	if !shared {
		if err := s.guard.Approach(addr); err != nil {
			s.note(ctx, err, "a raw relay failed")
			return
		}
	}
	if node, elsewhere := s.others.MakerOf(token); elsewhere {
		if err := s.passRaw(ctx, conn, node, token, addr); err != nil {
			s.note(ctx, err, "a raw relay failed")
		}
		return
	}
	if err := s.admitRaw(ctx, token, addr); err != nil {
		s.note(ctx, err, "a raw relay failed")
		return
	}
	place, err := s.enterRaw(ctx, conn, token, relay.Whose{Addr: addr, Shared: shared})
	if err != nil {
		s.note(ctx, s.notRelayed(err), "a raw relay failed")
		return
	}
	if _, err := conn.Write([]byte{netproto.RawRelayReady}); err != nil {
		place.Leave()
		return
	}
	place.Join(conn, nil)
}

// admitRaw asks of the peer that was given the token what every request is asked.
func (s *Server) admitRaw(ctx context.Context, token netproto.RelayToken, addr netip.Addr) error {
	key, ok := s.relay.Peer(token)
	if !ok {
		return &netproto.Error{Code: netproto.CodeNotFound}
	}
	if err := s.store.Admit(ctx, &key, addr); err != nil {
		return err
	}
	return s.checkMember(ctx, key)
}

var errSpokeEarly = netproto.Errorf(netproto.CodeBadRequest, "a raw relay was spoken into before the other side was there")

// enterRaw waits for the other side as long as this one stays and is silent.
func (s *Server) enterRaw(ctx context.Context, conn net.Conn, token netproto.RelayToken, who relay.Whose) (*relay.Place, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn.SetReadDeadline(time.Time{})
	heard := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		if err == nil {
			err = errSpokeEarly
		}
		cancel()
		heard <- err
	}()
	place, err := s.relay.Enter(ctx, token, who)
	conn.SetReadDeadline(time.Unix(1, 0))
	if end := <-heard; !errors.Is(end, os.ErrDeadlineExceeded) {
		if err == nil {
			place.Leave()
		}
		return nil, end
	}
	conn.SetReadDeadline(time.Time{})
	return place, err
}

// relayTakers returns the sides of circuits that a ban or the end of a membership is
// about.
func relayTakers(t store.Target) func(netproto.PublicKey, netip.Addr) bool {
	return func(key netproto.PublicKey, addr netip.Addr) bool {
		return !t.Key.IsZero() && netproto.FingerprintOf(key[:]) == t.Key || t.Prefix.IsValid() && t.Prefix.Contains(addr)
	}
}
