package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/nodes"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// passRaw passes a connection on to the node that made its token.
func (s *Server) passRaw(ctx context.Context, conn net.Conn, n store.Node, token netproto.RelayToken, from netip.Addr) error {
	if err := s.store.Admit(ctx, nil, from); err != nil {
		return err
	}
	up, err := s.others.Reach(ctx, n, token)
	if err != nil {
		return err
	}
	conn.SetReadDeadline(time.Time{})
	nodes.Join(ctx, conn, up)
	return nil
}

// passUpgraded is passRaw for a connection that came over TLS.
func (s *Server) passUpgraded(w http.ResponseWriter, r *http.Request, n store.Node, token netproto.RelayToken) error {
	up, err := s.others.Reach(r.Context(), n, token)
	if err != nil {
		return err
	}
	if err := nodes.Ready(r.Context(), up); err != nil {
		return err
	}
	conn, early, err := rest.Upgrade(w, netproto.RelayProtocol)
	if err != nil {
		s.log.Debug("a connection could not be relayed", slog.Any("error", err))
		up.Close()
		return nil // no answer is possible now
	}
	s.others.Pass(conn, early, up)
	return nil
}
