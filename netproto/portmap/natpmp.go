package portmap

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Messages of NAT-PMP, RFC 6886:
//
//	address:  version 0 | 0
//	  answer: version 0 | 128 | result u16 | epoch u32 | address [4]
//	mapping:  version 0 | 2, for TCP | reserved u16 | internal port u16 | external port u16 | lifetime u32, seconds
//	  answer: version 0 | 130 | result u16 | epoch u32 | internal port u16 | external port u16 | lifetime u32
const (
	pmpAddress     = 0
	pmpMapTCP      = 2
	pmpAnswer      = 128
	pmpAddressSize = 12
	pmpMapSize     = 16
)

// NAT-PMP's results (RFC 6886 §3.5).
const (
	pmpSuccess        = 0
	pmpUnsuppVersion  = 1
	pmpNetworkFailure = 3
	pmpUnsuppOpcode   = 5
)

// pmpClient asks in NAT-PMP.
type pmpClient struct {
	network *network
	route   Route
	port    int
	address netip.Addr // of the router outside
	have    uint16     // external port, as granted last
}

func newNATPMP(n *network, route Route, port int) *pmpClient {
	return &pmpClient{network: n, route: route, port: port}
}

func (c *pmpClient) protocol() Protocol { return NATPMP }

// findAddress asks for the router's address outside; it shows that NAT-PMP is spoken.
func (c *pmpClient) findAddress(ctx context.Context) error {
	return c.ask(ctx, []byte{0, pmpAddress}, pmpAddressSize, func(b []byte) bool {
		c.address = netip.AddrFrom4([4]byte(b[8:12]))
		if c.address.IsUnspecified() || c.address.IsMulticast() {
			c.address = netip.Addr{}
		}
		return true
	})
}

func (c *pmpClient) request(ctx context.Context, life time.Duration) (got granted, err error) {
	b := make([]byte, 12)
	b[1] = pmpMapTCP
	binary.BigEndian.PutUint16(b[4:], uint16(c.port))
	if life > 0 {
		want := c.have
		if want == 0 {
			want = uint16(c.port)
		}
		binary.BigEndian.PutUint16(b[6:], want)
		binary.BigEndian.PutUint32(b[8:], uint32(life/time.Second))
	}
	err = c.ask(ctx, b, pmpMapSize, func(b []byte) bool {
		got = granted{netip.AddrPortFrom(c.address, binary.BigEndian.Uint16(b[10:])), lifetime(binary.BigEndian.Uint32(b[12:]))}
		return binary.BigEndian.Uint16(b[8:]) == uint16(c.port)
	})
	if err != nil || life == 0 {
		return granted{}, err
	}
	if got.external.Port() == 0 || got.life == 0 {
		return granted{}, &refusal{Failed, "the router grants nothing"}
	}
	c.have = got.external.Port()
	return got, nil
}

// ask sends a request and gives its answer of that size to read, which reports whether
// it is ours.
func (c *pmpClient) ask(ctx context.Context, request []byte, size int, read func([]byte) bool) error {
	router := netip.AddrPortFrom(c.route.Gateway, c.network.port)
	return exchange(ctx, c.route.Own, router, request, c.network.patience, func(b []byte) (bool, error) {
		ours, err := pmpResult(b, request[1], size)
		return ours && err != nil || ours && read(b), err
	})
}

// pmpResult checks an answer to an operation, which has that size if it is a success.
func pmpResult(b []byte, operation byte, size int) (ours bool, err error) {
	if len(b) < 8 || b[0] != 0 || b[1] != pmpAnswer|operation {
		return false, nil
	}
	switch result := binary.BigEndian.Uint16(b[2:]); result {
	case pmpSuccess:
		return len(b) == size, nil
	case pmpUnsuppVersion, pmpUnsuppOpcode:
		return true, &refusal{Silent, fmt.Sprintf("NAT-PMP result %d", result)}
	case pmpNetworkFailure:
		return true, &refusal{Shared, "NAT-PMP result 3"}
	default:
		return true, &refusal{Refused, fmt.Sprintf("NAT-PMP result %d", result)}
	}
}
