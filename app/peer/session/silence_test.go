package session

import (
	"bufio"
	"errors"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

// chatty is a reader that waits for something.
type chatty struct {
	reader
	busy bool
}

func (c chatty) Busy() bool { return c.busy }

func TestAConnectionThatFellSilentIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		reads, answers bool
		dead           bool
	}{
		"dead while it is read from": {true, false, true},
		"alive and slow":             {true, true, false},
		"dead and not used":          {false, false, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			told := 0
			cs := New(t.Context(), Config{Identity: fresh(t), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Name: func() string { return "" },
				Silent: func() { told++ }})
			ended := make(chan error, 1)
			cs.Handle(func(*Conn) Owner { return owner{} }, func(*Conn) Reader { return chatty{reader{ended}, c.reads} })
			ours, theirs := net.Pipe()
			other := New(t.Context(), Config{Identity: fresh(t), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Name: func() string { return "" }})
			began := make(chan struct{})
			go func() {
				defer close(began)
				ch, err := other.Secure(t.Context(), theirs, netproto.PublicKey(cs.config.Identity.Key()), Client, WayDirect)
				if err != nil {
					t.Error(err)
					return
				}
				// Greets as the pipe wants it, and then answers pings or does nothing.
				r := bufio.NewReader(ch.tls)
				if h, err := netproto.ReadFrameHeader(r); err == nil {
					r.Discard(h.Length)
				}
				ch.tls.Write(netproto.AppendFrame(nil, netproto.Hello{Version: netproto.FrameVersion}))
				go func() {
					for {
						h, err := netproto.ReadFrameHeader(r)
						if err != nil {
							return
						}
						r.Discard(h.Length)
						if c.answers {
							ch.tls.Write(netproto.AppendFrame(nil, netproto.Pong{}))
						}
					}
				}()
			}()
			cs.begin(func() { cs.accept(&guest{}, newWire(ours)) })
			<-began
			synctest.Wait()
			select {
			case err := <-ended:
				if !c.dead || !errors.Is(err, ErrSilent) || told != 1 {
					t.Errorf("%s: it ended with %v, and %d were told", name, err, told)
				}
			case <-time.After(10 * time.Second):
				if c.dead {
					t.Errorf("%s: it is kept", name)
				}
			}
			cs.cancel()
			theirs.Close()
			cs.Close()
			other.Close()
		})
	}
}
