package seedpeer

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"centralizedp2p/netproto"
)

const (
	// answerWait is how long the seed waits for an answer.
	answerWait = 10 * time.Second
	// lateWait is how much longer to wait after an answer that does not match: it
	// may belong to an earlier request from the same port.
	lateWait = 300 * time.Millisecond
)

// Option changes how [Fetch] works.
type Option func(*fetch)

// ReplacingAt saves under this name, made safe, instead of the resource's. An
// identical file there is left alone; a different one is replaced in one step.
func ReplacingAt(name string) Option {
	return func(f *fetch) { f.name, f.replace = name, true }
}

// NamedBy says which tracker named the peer. One that is not in the local network names
// no peer in it: otherwise it could have this program send what it likes to any device
// there. It also names no port below 1024.
func NamedBy(tracker netip.Addr) Option {
	return func(f *fetch) { f.tracker = tracker.Unmap() }
}

// waiting sets how long to wait for the answer.
func waiting(d time.Duration) Option {
	return func(f *fetch) { f.wait = d }
}

// fetch is one request to a seed peer.
type fetch struct {
	peer     netip.AddrPort
	tracker  netip.Addr // that named it; invalid if the caller trusts it
	datagram []byte
	sum      [md5.Size]byte
	label    string // the resource and its peer, for people
	name     string // of the file
	replace  bool
	wait     time.Duration
}

// Fetch asks the peer of a resource for its bytes and saves them in the folder
// dir, which it creates if need be: under the resource's own name, made safe, or
// the next free one ("x (2)"), or as an option says. The file gets its name only
// once its MD5 is right. The request is sent from local; nil stands for any address
// and a free port. The peer has 10 seconds to answer, and answers from elsewhere do
// not count.
//
// Errors: seed-no-answer, seed-file-too-large (cut off by the peer),
// seed-checksum, invalid (a resource that cannot be requested; one with a content
// hash instead of an MD5 is with our own peers), port-in-use, folder-unwritable,
// no-space, cancelled.
func Fetch(ctx context.Context, local *net.UDPAddr, resource netproto.SeedResource, dir string, options ...Option) (string, error) {
	f, err := newFetch(resource)
	if err != nil {
		return "", err
	}
	for _, option := range options {
		option(f)
	}
	if err := f.allowed(); err != nil {
		return "", err
	}
	data, err := f.ask(ctx, local)
	if err != nil {
		return "", err
	}
	return save(dir, netproto.SafeName(f.name), data, f.replace)
}

// newFetch checks everything that a tracker said about a resource.
func newFetch(r netproto.SeedResource) (*fetch, error) {
	addr, err := netip.ParseAddr(r.PeerIP)
	if err != nil || !isPeer(addr) {
		return nil, netproto.Errorf(netproto.CodeInvalid, "'%s' is listed at %q, which is not the IPv4 address of a peer", r.ResourceName, r.PeerIP)
	}
	if r.PeerPort < 1 || r.PeerPort > 65535 {
		return nil, netproto.Errorf(netproto.CodeInvalid, "'%s' is listed at port %d of %s, ports are 1 to 65535", r.ResourceName, r.PeerPort, r.PeerIP)
	}
	peer := netip.AddrPortFrom(addr, uint16(r.PeerPort))
	f := &fetch{peer: peer, label: "'" + r.ResourceName + "' at " + peer.String(), name: r.ResourceName, wait: answerWait}
	if f.datagram, err = request(r.ResourcePath, r.ResourceName); err != nil {
		return nil, err
	}
	if content, err := netproto.ParseContentHash(r.ResourceHash); err == nil {
		return nil, netproto.Errorf(netproto.CodeInvalid, "seed clients do not have '%s'; get it with `centralizedp2p get %s`", r.ResourceName, content)
	}
	sum, err := hex.DecodeString(r.ResourceHash)
	if err != nil || len(sum) != md5.Size {
		return nil, netproto.Errorf(netproto.CodeSeedChecksum, "%s is listed without an MD5", f.label)
	}
	f.sum = [md5.Size]byte(sum)
	return f, nil
}

// isPeer reports whether an address can be that of one peer: the seed knows only
// IPv4, and a request must not be broadcast.
func isPeer(addr netip.Addr) bool {
	return addr.Is4() && !addr.IsUnspecified() && !addr.IsMulticast() && addr != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// lowestPort is the lowest port to which a tracker that is far away can have a request
// sent.
const lowestPort = 1024

// allowed returns why a request must not be sent to the peer, or nil.
func (f *fetch) allowed() error {
	ip := f.peer.Addr()
	if f.tracker.IsValid() && !isLocal(f.tracker) && (isLocal(ip) || f.peer.Port() < lowestPort) {
		return netproto.Errorf(netproto.CodeInvalid, "%s is in the local network or no port of a peer, and the tracker at %s is far away", f.label, f.tracker)
	}
	if isBroadcast(ip) {
		return netproto.Errorf(netproto.CodeInvalid, "%s is an address of everybody", f.label)
	}
	return nil
}

// isBroadcast reports whether an address reaches all of a network that this computer is
// in.
func isBroadcast(ip netip.Addr) bool {
	networks, err := net.InterfaceAddrs()
	if err != nil {
		return false // the system refuses to send there unless it is asked to
	}
	for _, n := range networks {
		if prefix, err := netip.ParsePrefix(n.String()); err == nil && ip == broadcastOf(prefix) {
			return true
		}
	}
	return false
}

// broadcastOf returns the last address of an IPv4 network; the zero Addr if it has none
// that reaches all.
func broadcastOf(network netip.Prefix) netip.Addr {
	if !network.Addr().Is4() || network.Bits() > 30 {
		return netip.Addr{}
	}
	last := network.Addr().As4()
	for bit := network.Bits(); bit < 32; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(last)
}

// ask sends the request and waits for the bytes with the right MD5. The socket is
// connected, so the system drops what comes from anywhere else.
func (f *fetch) ask(ctx context.Context, local *net.UDPAddr) ([]byte, error) {
	conn, err := net.DialUDP("udp4", local, net.UDPAddrFromAddrPort(f.peer))
	if err != nil {
		if call, ok := errors.AsType[*os.SyscallError](err); ok && call.Syscall == "bind" {
			return nil, bindError(local.String(), err)
		}
		return nil, f.failed(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(f.wait)); err != nil {
		return nil, f.failed(ctx, err)
	}
	if _, err := conn.Write(f.datagram); err != nil {
		return nil, f.failed(ctx, err)
	}
	var mismatch error
	buffer := make([]byte, maxDatagram)
	for {
		n, err := conn.Read(buffer)
		switch {
		case err != nil && mismatch != nil && ctx.Err() == nil:
			return nil, mismatch
		case err != nil:
			return nil, f.failed(ctx, err)
		case md5.Sum(buffer[:n]) == f.sum:
			return bytes.Clone(buffer[:n]), nil
		}
		if mismatch == nil {
			if err := conn.SetReadDeadline(time.Now().Add(lateWait)); err != nil {
				return nil, f.failed(ctx, err)
			}
		}
		mismatch = f.mismatch(n)
	}
}

// failed is the error of a request without an answer.
func (f *fetch) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &netproto.Error{Code: netproto.CodeCancelled, Detail: f.label, Cause: ctx.Err()}
	}
	return &netproto.Error{Code: netproto.CodeSeedSilent, Detail: f.label, Cause: err}
}

// mismatch is the error of an answer of n bytes with another MD5.
func (f *fetch) mismatch(n int) error {
	if n == netproto.SeedMaxBytes {
		return netproto.Errorf(netproto.CodeSeedTooLarge, "%s arrived cut off; nothing was saved", f.label)
	}
	return netproto.Errorf(netproto.CodeSeedChecksum, "%s", f.label)
}
