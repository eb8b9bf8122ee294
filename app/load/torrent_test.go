//go:build linux

package load

import (
	"context"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"centralizedp2p/netproto/porttest"
)

// announces is a BitTorrent tracker for one torrent: everybody hears of
// everybody else.
type announces struct {
	mu    sync.Mutex
	peers map[netip.AddrPort]bool
}

func (a *announces) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	port, errPort := strconv.ParseUint(r.FormValue("port"), 10, 16)
	if err != nil || errPort != nil {
		http.Error(w, "who are you?", http.StatusBadRequest)
		return
	}
	self := netip.AddrPortFrom(from.Addr(), uint16(port))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.peers[self] = true
	if r.FormValue("event") == "stopped" {
		delete(a.peers, self)
	}
	var compact []byte
	for p := range a.peers {
		if p != self {
			compact = binary.BigEndian.AppendUint16(append(compact, p.Addr().AsSlice()...), p.Port())
		}
	}
	fmt.Fprintf(w, "d8:intervali60e5:peers%d:%se", len(compact), compact)
}

func (a *announces) known() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.peers)
}

// torrent describes a file in BitTorrent's way.
func torrent(path, announce string) ([]byte, error) {
	const pieceSize = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var sums []byte
	size, buffer := int64(0), make([]byte, pieceSize)
	for {
		n, err := io.ReadFull(f, buffer)
		if n > 0 {
			sum := sha1.Sum(buffer[:n])
			sums, size = append(sums, sum[:]...), size+int64(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	name := filepath.Base(path)
	return fmt.Appendf(nil, "d8:announce%d:%s4:infod6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:%see",
		len(announce), announce, size, len(name), name, pieceSize, len(sums), sums), nil
}

// bitTorrent has an aria2 on each of some hosts seed a file, with at most so
// many bytes a second (0 = as fast as it can), and downloads it with another one
// on the host of the getter.
func (s *stage) bitTorrent(path string, rate int64, getter *stage, seeders ...*stage) contender {
	s.Helper()
	swarm := &announces{peers: map[netip.AddrPort]bool{}}
	tracker := httptest.NewUnstartedServer(swarm)
	tracker.Listener.Close()
	check(s, s.do(func() (err error) {
		tracker.Listener, err = net.Listen("tcp", net.JoinHostPort(s.address(), "0"))
		return err
	}))
	tracker.Start()
	s.Cleanup(tracker.Close)
	text, err := torrent(path, tracker.URL+"/announce")
	check(s, err)
	file := filepath.Join(s.TempDir(), "load.torrent")
	check(s, os.WriteFile(file, text, 0o600))
	for _, seeder := range seeders {
		port := porttest.Free(s)
		seeder.serve(port, "aria2c", append([]string{"--seed-ratio=0", "--bt-seed-unverified=true", "--allow-overwrite=true",
			"--max-overall-upload-limit=" + strconv.FormatInt(rate, 10), "--listen-port=" + strconv.Itoa(port), "--dir=" + filepath.Dir(path), file}, aria2Options...)...)
	}
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	for swarm.known() < len(seeders) {
		check(s, ctx.Err())
		wait(ctx, 20*time.Millisecond)
	}
	return contender{name: "torrent", run: func(to string) (time.Duration, error) {
		return getter.run("aria2c", append([]string{"--seed-time=0", "--listen-port=" + strconv.Itoa(porttest.Free(s)), "--dir=" + to, file}, aria2Options...)...)
	}}
}
