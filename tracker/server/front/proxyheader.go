package front

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"

	proxyproto "github.com/pires/go-proxyproto"

	"centralizedp2p/tracker/netaddr"
)

// A proxy that passes TCP on, like HAProxy, says before the first byte whose connection it
// is: the PROXY protocol, versions 1 and 2
// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt). That is read from the
// proxies that the owner named, and from nobody else: anybody could pose as any address.

const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n" // of version 2; version 1 begins with proxyWord
	proxyWord      = "PROXY "
	maxProxyLine   = 107     // bytes of version 1
	maxProxyRest   = 2 << 10 // bytes of version 2 after its head of 16; addresses take 36, the rest is of no use here
)

// proxied is a connection that a proxy brought for a client.
type proxied struct {
	net.Conn
	client *net.TCPAddr
}

// RemoteAddr implements net.Conn with what the proxy said.
func (p *proxied) RemoteAddr() net.Addr { return p.client }

// Raw returns the connection with the proxy; nothing was read ahead of it.
func (p *proxied) Raw() net.Conn { return p.Conn }

// fromBalancer reports whether a connection comes from one of the proxies.
func (s *splitter) fromBalancer(conn net.Conn) bool {
	at, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && s.config.Balancers.Trust(netaddr.Plain(at.AddrPort().Addr()))
}

// readProxyHeader reads what a proxy says first, and not a byte more. A connection of the
// proxy itself, as for its health checks, stays what it is.
func readProxyHeader(conn net.Conn, within time.Duration) (net.Conn, error) {
	conn.SetReadDeadline(time.Now().Add(within))
	raw, err := takeProxyHeader(conn)
	if err != nil {
		return nil, err
	}
	conn.SetReadDeadline(time.Time{})
	header, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, err
	}
	client, _, tcp := header.TCPAddrs()
	switch {
	case header.Command.IsLocal(), header.TransportProtocol.IsUnspec():
		return conn, nil
	case !tcp:
		return nil, errors.New("it is about a connection that is not TCP")
	}
	return &proxied{conn, client}, nil
}

var errNoProxyHeader = errors.New("it is no header of the PROXY protocol")

// takeProxyHeader returns the bytes of a header.
func takeProxyHeader(r io.Reader) ([]byte, error) {
	header := make([]byte, len(proxySignature), maxProxyLine)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	if string(header) == proxySignature {
		var head [4]byte // version and command, family, length
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, err
		}
		rest := binary.BigEndian.Uint16(head[2:])
		if rest > maxProxyRest {
			return nil, errNoProxyHeader
		}
		header = append(append(header, head[:]...), make([]byte, rest)...)
		_, err := io.ReadFull(r, header[len(header)-int(rest):])
		return header, err
	}
	if !bytes.HasPrefix(header, []byte(proxyWord)) {
		return nil, errNoProxyHeader
	}
	for !bytes.HasSuffix(header, []byte("\n")) {
		if len(header) == maxProxyLine {
			return nil, errNoProxyHeader
		}
		header = append(header, 0)
		if _, err := io.ReadFull(r, header[len(header)-1:]); err != nil {
			return nil, err
		}
	}
	return header, nil
}
