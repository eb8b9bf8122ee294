package portmap

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// maxDatagram bounds what PCP and NAT-PMP answer, in bytes (RFC 6887 §7).
const maxDatagram = 1100

// exchange sends a request from one of our addresses to a router and gives its answers
// to accept until that takes one or fails. The request is sent again when half of the
// patience is over. Packets from elsewhere do not reach a connected socket.
func exchange(ctx context.Context, own netip.Addr, router netip.AddrPort, request []byte, patience time.Duration, accept func([]byte) (bool, error)) error {
	c, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0)), net.UDPAddrFromAddrPort(router))
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	answer := make([]byte, maxDatagram+1)
	for range 2 {
		if _, err := c.Write(request); err != nil {
			return silence(ctx, err)
		}
		if err := c.SetReadDeadline(time.Now().Add(patience / 2)); err != nil {
			return silence(ctx, err)
		}
		for {
			n, err := c.Read(answer)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil { // such as "port unreachable"
				return silence(ctx, err)
			}
			if ok, err := accept(answer[:n]); ok || err != nil {
				return err
			}
		}
	}
	return silence(ctx, context.DeadlineExceeded)
}

// silence is the error of a router that does not answer.
func silence(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &refusal{Silent, err.Error()}
}
