//go:build linux

package load

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// frames is a connection under the control of a test: it speaks frames over TLS, or
// anything else.
type frames struct {
	*tls.Conn
	r *bufio.Reader
}

func framesOver(c *tls.Conn) *frames { return &frames{c, bufio.NewReaderSize(c, 64<<10)} }

func (c *frames) send(list ...netproto.Frame) error {
	var b []byte
	for _, f := range list {
		b = netproto.AppendFrame(b, f)
	}
	_, err := c.Write(b)
	return err
}

func (c *frames) read() (netproto.Frame, error) {
	for {
		h, err := netproto.ReadFrameHeader(c.r)
		if err != nil {
			return nil, err
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c.r, payload); err != nil {
			return nil, err
		}
		if h.Known() {
			return netproto.ParseFrame(h.Type, payload)
		}
	}
}

// hello exchanges the first frames.
func (c *frames) hello(mine netproto.Hello) error {
	if err := c.send(mine); err != nil {
		return err
	}
	_, err := c.read()
	return err
}

// cut ends a connection without a goodbye, with a reset.
func (c *frames) cut() {
	if tcp, ok := c.NetConn().(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.NetConn().Close()
}

// rawFrame is a header that claims a length, and some payload.
func rawFrame(kind byte, length uint32, payload int) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, length), kind), make([]byte, payload)...)
}

// allKinds are the types of frames that are tried raw: every one that is known, and some
// that are not.
var allKinds = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0xff}

// rawFrames are frames of every type, with every length that is somehow special.
func rawFrames() [][]byte {
	var list [][]byte
	for _, kind := range allKinds {
		limit := netproto.MaxControlPayload
		if netproto.FrameType(kind) == netproto.FrameData {
			limit = netproto.MaxDataPayload
		}
		for _, length := range []int{0, 1, 2, 5, limit + 1} {
			list = append(list, rawFrame(kind, uint32(length), max(length-1, 0)))
		}
		for _, length := range []uint32{uint32(limit) + 2, 1 << 31, 1<<32 - 1} {
			list = append(list, rawFrame(kind, length, 1000))
		}
	}
	return list
}

// randomFrame is one that parses, with fields of any value.
func randomFrame(r *rand.Rand, hash netproto.ContentHash) netproto.Frame {
	n := func() uint32 { return []uint32{0, 1, 2, 3, 12, 1 << 16, 1 << 31, 1<<32 - 1, r.Uint32()}[r.IntN(9)] }
	if r.IntN(3) == 0 {
		hash[r.IntN(32)] ^= 1
	}
	bytes := func(most int) []byte { return make([]byte, 1+r.IntN(most)) }
	switch r.IntN(14) {
	case 0:
		return netproto.Open{Stream: n() % 8, Hash: hash, Size: []int64{-1, 0, 1, netproto.MaxContentSize}[r.IntN(4)], Manifest: r.IntN(2) == 0}
	case 1:
		return netproto.Manifest{Stream: n(), Size: int64(n()), First: n(), CVs: make([][32]byte, r.IntN(20))}
	case 2:
		return netproto.Have{Stream: n(), First: n() &^ 7, Bits: bytes(100)}
	case 3:
		return netproto.Update{Stream: n(), Pieces: []uint32{n(), n()}}
	case 4, 5:
		return netproto.Get{Stream: n() % 8, Request: n() | 1, Piece: n() % 16, Offset: n() % netproto.MinPieceSize, Length: n() % netproto.MinPieceSize}
	case 6:
		return netproto.Data{Request: n(), Bytes: bytes(1000)}
	case 7:
		return netproto.Refuse{Stream: n(), Request: n(), Code: netproto.CodeOfWire(uint16(n())), Place: n()}
	case 8:
		return netproto.Cancel{Request: n()}
	case 9:
		return netproto.Close{Stream: n() % 8}
	case 10:
		return netproto.Peers{Hash: hash, Port: uint16(n())}
	case 11:
		return netproto.Fetching{Stream: n(), Pieces: []uint32{n()}}
	case 12:
		return netproto.Turn{Stream: n()}
	}
	return netproto.Ping{Token: uint64(n())}
}

func anyKey(ed25519.PublicKey) error { return nil }

func newIdentity(t testing.TB) *identity.Identity {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	check(t, err)
	id, err := identity.New(key)
	check(t, err)
	return id
}

// certificates are of shapes that no peer has, with whether a peer that shows one has to
// be served all the same: names, dates and authorities mean nothing.
func certificates(t testing.TB) map[string]shape {
	t.Helper()
	_, own, err := ed25519.GenerateKey(nil)
	check(t, err)
	_, other, err := ed25519.GenerateKey(nil)
	check(t, err)
	r, err := rsa.GenerateKey(crand.Reader, 2048)
	check(t, err)
	e, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	check(t, err)
	year := func(n int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(n+1, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	}
	large := func(bytes int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: make([]byte, bytes)}}
		}
	}
	chain := tls.Certificate{PrivateKey: own}
	for range 100 {
		chain.Certificate = append(chain.Certificate, certificate(t, own, nil).Certificate...)
	}
	stolen := certificate(t, other, nil)
	stolen.PrivateKey = own
	return map[string]shape{
		"one of 1990":           {certificate(t, own, year(1990)), true},
		"one of 2400":           {certificate(t, own, year(2400)), true},
		"one with 30 kB":        {certificate(t, own, large(30_000)), true},
		"one with 1 MB":         {certificate(t, own, large(1_000_000)), false},
		"one with an RSA key":   {certificate(t, r, nil), false},
		"one with an ECDSA key": {certificate(t, e, nil), false},
		"a chain of a hundred":  {chain, true},
		"another one's":         {stolen, false},
		"none":                  {tls.Certificate{}, false},
		"bytes that are none":   {tls.Certificate{Certificate: [][]byte{make([]byte, 1000)}, PrivateKey: own}, false},
		"an empty one":          {tls.Certificate{Certificate: [][]byte{{}}, PrivateKey: own}, false},
		"one cut short":         {tls.Certificate{Certificate: [][]byte{certificate(t, own, nil).Certificate[0][:80]}, PrivateKey: own}, false},
		"one with a critical field": {certificate(t, own, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{1}}}
		}), true},
	}
}

// shape is a certificate, and whether a peer may have it.
type shape struct {
	tls.Certificate
	served bool
}

func certificate(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
	check(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// clientWith is the configuration of a client that shows that certificate.
func clientWith(id *identity.Identity, c tls.Certificate) *tls.Config {
	config := id.ClientTLS(netproto.ALPN, anyKey)
	config.Certificates = nil
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c, nil }
	return config
}

// serverWith is the configuration of a server that shows that certificate.
func serverWith(id *identity.Identity, c tls.Certificate) *tls.Config {
	config := id.ServerTLS(netproto.ALPN, true, nil)
	config.Certificates = []tls.Certificate{c}
	return config
}

// dribble writes bytes one by one, with a pause after each, until ctx ends.
func dribble(ctx context.Context, c net.Conn, b []byte, pause time.Duration) error {
	for i := range b {
		if _, err := c.Write(b[i : i+1]); err != nil {
			return err
		}
		wait(ctx, pause)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// ended reports whether the other side ends a connection within d, whatever it sends
// before.
func ended(c net.Conn, d time.Duration) bool {
	c.SetReadDeadline(time.Now().Add(d))
	_, err := io.Copy(io.Discard, c)
	e, ok := errors.AsType[net.Error](err)
	return !ok || !e.Timeout()
}
