package portmap

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Messages of PCP, RFC 6887. A request for a mapping, MAP, and its answer have 60 bytes:
//
//	request: version 2 | opcode | reserved u16 | lifetime u32, seconds | own address [16]
//	answer:  version 2 | 0x80 + opcode | reserved u8 | result u8 | lifetime u32 | epoch u32 | reserved [12]
//	both:    nonce [12] | protocol u8 | reserved [3] | internal port u16 | external port u16 | external address [16]
//
// IPv4 addresses are mapped into IPv6. Options may follow an answer.
const (
	pcpVersion = 2
	pcpMap     = 1
	pcpAnswer  = 0x80
	pcpSize    = 60
	tcp        = 6
)

// What PCP's results mean for a person (RFC 6887 §7.4).
const (
	pcpSuccess        = 0
	pcpUnsuppVersion  = 1
	pcpUnsuppOpcode   = 4
	pcpNetworkFailure = 7
	pcpCannotProvide  = 11
)

// pcpClient asks in PCP. Its nonce shows the router that it made the mapping.
type pcpClient struct {
	network *network
	route   Route
	port    int
	nonce   [12]byte
	have    netip.AddrPort // external, as granted last
}

func newPCP(n *network, route Route, port int) *pcpClient {
	c := &pcpClient{network: n, route: route, port: port}
	_, _ = rand.Read(c.nonce[:])
	return c
}

func (c *pcpClient) protocol() Protocol { return PCP }

func (c *pcpClient) request(ctx context.Context, life time.Duration) (granted, error) {
	got, err := c.ask(ctx, life)
	if life == 0 {
		if reasonOf(err) == Refused { // miniupnpd 2.3.1 closes no pinhole of IPv6, but shortens its life
			_, err = c.ask(ctx, time.Second)
		}
		return granted{}, err
	}
	if err != nil {
		return granted{}, err
	}
	if got.external.Port() == 0 || got.life == 0 {
		return granted{}, &refusal{Failed, "the router grants nothing"}
	}
	c.have = got.external
	return got, nil
}

func (c *pcpClient) ask(ctx context.Context, life time.Duration) (got granted, err error) {
	router := netip.AddrPortFrom(c.route.Gateway, c.network.port)
	err = exchange(ctx, c.route.Own, router, c.question(life), c.network.patience, func(answer []byte) (mine bool, err error) {
		got, mine, err = c.parse(answer)
		return mine, err
	})
	return got, err
}

// question is a request. A life of 0 deletes the mapping.
func (c *pcpClient) question(life time.Duration) []byte {
	b := make([]byte, pcpSize)
	b[0], b[1] = pcpVersion, pcpMap
	binary.BigEndian.PutUint32(b[4:], uint32(life/time.Second))
	own := c.route.Own.As16()
	copy(b[8:24], own[:])
	copy(b[24:36], c.nonce[:])
	b[36] = tcp
	binary.BigEndian.PutUint16(b[40:], uint16(c.port))
	want, at := uint16(c.port), netip.IPv4Unspecified()
	if c.route.Own.Is6() {
		at = netip.IPv6Unspecified()
	}
	if c.have.Port() != 0 {
		want = c.have.Port()
	}
	if c.have.Addr().IsValid() {
		at = c.have.Addr()
	}
	if life > 0 {
		binary.BigEndian.PutUint16(b[42:], want)
	}
	external := at.As16()
	copy(b[44:60], external[:])
	return b
}

// parse reads an answer. It is not ours if it belongs to no request of this client.
func (c *pcpClient) parse(b []byte) (got granted, ours bool, err error) {
	if len(b) >= 4 && len(b) < 24 && b[0] == 0 || len(b) >= 24 && b[0] != pcpVersion {
		return got, true, &refusal{Silent, "the router speaks another version"} // NAT-PMP answers so
	}
	if len(b) < pcpSize || len(b) > maxDatagram || b[1] != pcpAnswer|pcpMap {
		return got, false, nil
	}
	if [12]byte(b[24:36]) != c.nonce || b[36] != tcp || binary.BigEndian.Uint16(b[40:]) != uint16(c.port) {
		return got, false, nil
	}
	switch result := b[3]; result {
	case pcpSuccess:
	case pcpUnsuppVersion, pcpUnsuppOpcode:
		return got, true, &refusal{Silent, fmt.Sprintf("PCP result %d", result)}
	case pcpNetworkFailure, pcpCannotProvide:
		return got, true, &refusal{Shared, fmt.Sprintf("PCP result %d", result)}
	default:
		return got, true, &refusal{Refused, fmt.Sprintf("PCP result %d", result)}
	}
	ip := netip.AddrFrom16([16]byte(b[44:60])).Unmap()
	if ip.IsUnspecified() || ip.IsMulticast() {
		ip = netip.Addr{}
	}
	return granted{netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[42:])), lifetime(binary.BigEndian.Uint32(b[4:]))}, true, nil
}

// lifetime reads seconds from the network.
func lifetime(seconds uint32) time.Duration { return time.Duration(seconds) * time.Second }
