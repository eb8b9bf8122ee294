package node

import (
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/seedpeer"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

// fakeListener is an engine that has a port.
type fakeListener struct {
	port   int
	served atomic.Int64
}

func (l *fakeListener) Port() int                 { return l.port }
func (l *fakeListener) ServeSeedClients(port int) { l.served.Store(int64(port)) }

// hangingFiles lie on a disk that does not answer.
type hangingFiles struct {
	asked chan struct{}
	disk  chan struct{} // closed when the disk answers again
}

func (f *hangingFiles) Lookup(string, string) (seedpeer.File, bool) {
	f.asked <- struct{}{}
	<-f.disk
	return seedpeer.File{}, false
}

// inTime fails unless do returns soon.
func inTime(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s waits for a disk", what)
	}
}

func TestASeedClientThatWaitsForADiskKeepsNoSettingFromBeingApplied(t *testing.T) {
	files := &hangingFiles{asked: make(chan struct{}, 10), disk: make(chan struct{})}
	engine := &fakeListener{port: porttest.Free(t)}
	s := newSeedServer(engine, files, slog.New(slog.DiscardHandler))
	s.serve(netproto.SeedOpen)
	defer s.close()
	defer close(files.disk)
	ask := func() {
		t.Helper()
		c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", engine.port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("folder/name")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-files.asked:
		case <-time.After(time.Minute):
			t.Fatal("nobody answers")
		}
	}
	ask()
	inTime(t, "turning it off", func() { s.serve(netproto.SeedOff) })
	if port := engine.served.Load(); port != 0 {
		t.Errorf("the engine believes that port %d is served", port)
	}
	inTime(t, "turning it on", func() { s.serve(netproto.SeedLAN) })
	if port := engine.served.Load(); port != int64(engine.port) {
		t.Errorf("the engine believes that port %d is served, not %d", port, engine.port)
	}
	ask() // the same port answers again
}

func TestSeedClientsAreServedAgainOnceTheirPortIsFree(t *testing.T) {
	taken, err := net.ListenPacket("udp", fmt.Sprintf(":%d", porttest.Free(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	engine := &fakeListener{port: taken.LocalAddr().(*net.UDPAddr).Port}
	s := newSeedServer(engine, &hangingFiles{}, slog.New(slog.DiscardHandler))
	defer s.close()
	s.serve(netproto.SeedLAN)
	if port := engine.served.Load(); port != 0 {
		t.Errorf("port %d is served though another program has it", port)
	}
	taken.Close()
	s.serve(netproto.SeedLAN)
	if port := engine.served.Load(); port != int64(engine.port) {
		t.Errorf("port %d is served, not %d", port, engine.port)
	}
	s.close()
	s.serve(netproto.SeedLAN)
	if port := engine.served.Load(); port != 0 {
		t.Errorf("port %d is served after the end", port)
	}
}
