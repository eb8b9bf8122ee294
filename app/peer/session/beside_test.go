package session

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"

	"centralizedp2p/netproto"
)

// buffered is an end of a pipe that takes what is written at once, as a socket does.
type buffered struct {
	net.Conn
	written chan []byte
}

func buffer(t *testing.T, end net.Conn) buffered {
	b := buffered{end, make(chan []byte, 100)}
	go func() {
		for {
			select {
			case part := <-b.written:
				b.Conn.Write(part) // fails once it is closed
			case <-t.Context().Done():
				return
			}
		}
	}()
	return b
}

func (b buffered) Write(p []byte) (int, error) {
	b.written <- bytes.Clone(p)
	return len(p), nil
}

// Several connections are made to one peer at once. The one for the first place goes on when
// another one is there before it.
func TestAConnectionForAnotherPlaceDoesNotEndTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conns [2]*Conns
		for i := range conns {
			conns[i] = New(t.Context(), Config{Identity: fresh(t), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Name: func() string { return "" }})
			conns[i].Handle(func(*Conn) Owner { return owner{} }, func(*Conn) Reader { return reader{make(chan error, 1)} })
			defer conns[i].Close()
		}
		us, them := conns[0], conns[1]
		ours, theirs := netproto.PublicKey(us.config.Identity.Key()), netproto.PublicKey(them.config.Identity.Key())
		late := make(chan struct{})
		connect := func(index int, begin <-chan struct{}) <-chan *Conn {
			made := make(chan *Conn, 1)
			go func() {
				c, err := us.Connect(t.Context(), theirs, index, func(ctx context.Context) (*Channel, error) {
					select {
					case <-begin:
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					near, far := net.Pipe()
					go func() { // a pipe has no address that counts: as those of a relay
						if ch, err := them.Secure(t.Context(), buffer(t, far), ours, Server, WayRelayed); err == nil {
							them.Keep(t.Context(), ch)
						}
					}()
					return us.Secure(ctx, buffer(t, near), theirs, Client, WayDirect)
				})
				if err != nil {
					t.Error(err)
				}
				made <- c
			}()
			return made
		}
		first := connect(0, late)
		synctest.Wait()
		now := make(chan struct{})
		close(now)
		second := <-connect(1, now)
		synctest.Wait()
		close(late)
		if c := <-first; c == nil || c == second {
			t.Errorf("the first connection is %v", c)
		}
	})
}
