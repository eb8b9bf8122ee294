package front

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestAConnectionThatSaysNothingIsClosedAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSplitter([]net.Listener{noListener{}}, Config{Times: DefaultTimes})
		ours, theirs := net.Pipe()
		began := time.Now()
		go s.sort(context.Background(), ours)
		if _, err := theirs.Read(make([]byte, 1)); err == nil {
			t.Error("a byte came")
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("closed after %s", took)
		}
	})
}

func TestTheFirstByteDecidesAndIsNotLost(t *testing.T) {
	for first, secure := range map[byte]bool{tlsHandshake: true, 'G': false, 0: false, 0xff: false} {
		synctest.Test(t, func(t *testing.T) {
			s := newSplitter([]net.Listener{noListener{}}, Config{Times: DefaultTimes})
			ours, theirs := net.Pipe()
			defer theirs.Close()
			go s.sort(context.Background(), ours)
			go theirs.Write([]byte{first, 'x'})
			want, other := s.plain, s.secure
			if secure {
				want, other = other, want
			}
			conn, err := want.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if !secure {
				got := make([]byte, 2)
				for i := range got {
					if _, err := conn.Read(got[i : i+1]); err != nil {
						t.Fatal(err)
					}
				}
				if got[0] != first || got[1] != 'x' {
					t.Errorf("read %q", got)
				}
			}
			select {
			case <-other.conns:
				t.Error("handed out twice")
			default:
			}
		})
	}
}

func TestAConnectionThatNobodyAcceptsIsClosedWhenTheServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newSplitter([]net.Listener{noListener{}}, Config{Times: DefaultTimes})
		for _, first := range []string{"", "GET"} { // one is silent, one waits to be accepted
			ours, theirs := net.Pipe()
			go s.sort(ctx, ours)
			if first != "" {
				go theirs.Write([]byte(first))
			}
			defer func() {
				if _, err := theirs.Read(make([]byte, 1)); err == nil {
					t.Error("a byte came")
				}
			}()
		}
		synctest.Wait()
		cancel()
	})
}

type noListener struct{ net.Listener }

func (noListener) Addr() net.Addr { return nil }
