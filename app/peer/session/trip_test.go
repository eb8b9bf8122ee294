package session

import (
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

// distant is an end of a line on which all that is written flies for a while.
type distant struct{ net.Conn }

const flight = 50 * time.Millisecond

func (d distant) Write(b []byte) (int, error) {
	time.Sleep(flight)
	return d.Conn.Write(b)
}

func TestTheHandshakeShowsHowFarAwayAPeerIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var conns [2]*Conns
		for i := range conns {
			conns[i] = New(t.Context(), Config{Identity: fresh(t), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Name: func() string { return "" }})
			conns[i].Handle(func(*Conn) Owner { return owner{} }, func(*Conn) Reader { return reader{} })
			defer conns[i].Close()
		}
		secure := func(of, to int, raw net.Conn, role Role) {
			ch, err := conns[of].Secure(t.Context(), distant{raw}, netproto.PublicKey(conns[to].config.Identity.Key()), role, WayDirect)
			if err != nil {
				t.Error(err)
				return
			}
			defer ch.Close()
			c, err := newConn(conns[of], ch)
			if err != nil || c.Trip < 2*flight || c.Trip > 4*flight {
				t.Errorf("as the client %t, the peer is %s away: %v", role == Client, c.Trip, err)
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			secure(0, 1, theirs, Server)
		}()
		secure(1, 0, ours, Client)
		<-done
	})
}
