package seedpeer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// maxDatagram is the largest UDP payload over IPv4, in bytes, rounded up. No
// datagram is too long for such a buffer; Windows would report that as an error.
const maxDatagram = 64 << 10

// File is a file that is offered to seed clients, as it was when it was registered.
// It is no longer served once its size or time differ.
type File struct {
	Location string // on this computer; never from the network
	Size     int64  // bytes
	ModTime  time.Time
	// Sent, if not nil, receives to whom how many bytes of the file were sent. It
	// must not block.
	Sent func(to netip.AddrPort, bytes int)
}

// Files knows what is offered to seed clients. Lookup returns the file that was
// registered under exactly this path and name. Both are as they came in a datagram:
// keys, not places on the disk. It is called from one goroutine of the Server and
// must not block.
type Files interface {
	Lookup(path, name string) (File, bool)
}

// Server answers the requests of seed clients on one UDP port.
type Server struct {
	conn   *net.UDPConn // nil if the policy is off
	policy netproto.SeedPolicy
	files  Files
	limits *limits
	log    *slog.Logger
}

// Listen takes the UDP address, host:port; port 0 stands for a free one. If the
// policy is off, it takes no port: the server has the port 0, and its Serve only
// waits. A nil log is silent. Errors: port-in-use, and invalid for an address that
// this computer does not have.
func Listen(address string, policy netproto.SeedPolicy, files Files, log *slog.Logger) (*Server, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{policy: policy, files: files, limits: newLimits(), log: log}
	if policy == netproto.SeedOff {
		return s, nil
	}
	local, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeInvalid, "the address %q to listen on: %w", address, err)
	}
	if s.conn, err = net.ListenUDP("udp", local); err != nil {
		return nil, bindError(address, err)
	}
	// macOS refuses to send more than 9,216 bytes with its default buffer. If a
	// system keeps its own size, the server works all the same.
	if err := s.conn.SetWriteBuffer(4 * maxDatagram); err != nil {
		log.Debug("seed listener keeps the system's send buffer", "err", err)
	}
	return s, nil
}

// Port returns the UDP port; 0 if the policy is off.
func (s *Server) Port() int {
	if s.conn == nil {
		return 0
	}
	return s.conn.LocalAddr().(*net.UDPAddr).Port
}

// Close frees the port of a server whose Serve will not be called.
func (s *Server) Close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}

// Serve answers until ctx ends, and then frees the port. No datagram and no error
// of the network ends it; it returns an error only if Close took its port.
func (s *Server) Serve(ctx context.Context) error {
	if s.conn == nil {
		<-ctx.Done()
		return nil
	}
	defer s.conn.Close()
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	request := make([]byte, maxDatagram)
	answer := make([]byte, netproto.SeedMaxBytes)
	for failed := 0; ; {
		n, from, err := s.conn.ReadFromUDPAddrPort(request)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			// On the next read, Windows reports a client that went away; other systems
			// report passing trouble of an interface. Neither is a reason to end.
			failed++
			s.log.Debug("seed listener goes on after a failed read", "err", err)
			pause(ctx, failed)
		default:
			failed = 0
			s.answer(request[:n], from, answer)
		}
	}
}

// pause keeps a read that fails over and over from using a whole core.
func pause(ctx context.Context, failed int) {
	timer := time.NewTimer(time.Duration(min(failed, 100)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// answer sends what one datagram asks for, or nothing: the seed has no way to say
// no, and refusals would reveal what is registered.
func (s *Server) answer(datagram []byte, from netip.AddrPort, buffer []byte) {
	if !allows(s.policy, from.Addr()) {
		return
	}
	path, name, ok := parseRequest(datagram)
	if !ok {
		return
	}
	file, ok := s.files.Lookup(path, name)
	if !ok || !s.limits.allow(from.Addr(), time.Now()) {
		return
	}
	n, err := readHead(file, buffer)
	if err != nil {
		s.log.Debug("a file is not served to a seed client", "err", err)
		return
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return // closed meanwhile
	}
	if _, err := s.conn.WriteToUDPAddrPort(buffer[:n], from); err != nil {
		s.log.Debug("an answer to a seed client could not be sent", "to", from, "err", err)
		return
	}
	if file.Sent != nil {
		file.Sent(from, n)
	}
}

// parseRequest splits a request at its last slash: a name has none.
func parseRequest(datagram []byte) (path, name string, ok bool) {
	if len(datagram) > netproto.SeedMaxRequest || !utf8.Valid(datagram) {
		return "", "", false
	}
	request := string(datagram)
	slash := strings.LastIndexByte(request, '/')
	if slash < 0 || slash == len(request)-1 {
		return "", "", false
	}
	return request[:slash], request[slash+1:], true
}

// request returns the datagram that asks for a resource. Errors: invalid.
func request(path, name string) ([]byte, error) {
	datagram := []byte(path + "/" + name)
	gotPath, gotName, ok := parseRequest(datagram)
	if !ok || gotPath != path || gotName != name {
		return nil, netproto.Errorf(netproto.CodeInvalid,
			"the path %q with the name %q cannot be requested: a name has no slash, and both together have at most %d bytes of UTF-8",
			path, name, netproto.SeedMaxRequest)
	}
	return datagram, nil
}

// readHead reads the first bytes of the file, as many as the buffer takes. It
// returns an error if the file is not as it was registered, before or after.
func readHead(file File, buffer []byte) (int, error) {
	info, err := os.Stat(file.Location) // before opening, which would wait if a pipe has taken its place
	if err == nil {
		err = file.check(info)
	}
	if err != nil {
		return 0, err
	}
	f, err := readfile.Open(file.Location)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := io.ReadFull(f, buffer[:min(file.Size, int64(len(buffer)))])
	if err != nil {
		return 0, err
	}
	if info, err = f.Stat(); err != nil {
		return 0, err
	}
	return n, file.check(info)
}

// check returns an error unless the file is still the one that was registered.
func (f File) check(now fs.FileInfo) error {
	if !now.Mode().IsRegular() || now.Size() != f.Size || !now.ModTime().Equal(f.ModTime) {
		return netproto.Errorf(netproto.CodeFileChanged, "%s", f.Location)
	}
	return nil
}
