package peer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// widest is the longest prefix of a route, in bits, that counts as a way out to the world:
// VPNs halve the default route, and of IPv6 only an eighth is in use (2000::/3).
var widest = map[uint8]uint8{syscall.AF_INET: 1, syscall.AF_INET6: 3}

// systemRoutes returns the routes out of this computer, one a line, in a fixed order. Two
// answers differ exactly if packets to strangers take another way.
func systemRoutes() (string, error) {
	raw, err := syscall.NetlinkRIB(syscall.RTM_GETROUTE, syscall.AF_UNSPEC)
	if err != nil {
		return "", err
	}
	messages, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return "", err
	}
	var list []string
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWROUTE || len(m.Data) < syscall.SizeofRtMsg {
			continue
		}
		// struct rtmsg: family, length of the destination, … , table, protocol, scope, type
		family, bits, table, kind := m.Data[0], m.Data[1], m.Data[4], m.Data[7]
		most, known := widest[family]
		if !known || bits > most || kind != syscall.RTN_UNICAST || table == syscall.RT_TABLE_LOCAL {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return "", err
		}
		slices.SortFunc(attributes, func(a, b syscall.NetlinkRouteAttr) int { return cmp.Compare(a.Attr.Type, b.Attr.Type) })
		var route strings.Builder
		fmt.Fprintf(&route, "%d/%d", family, bits)
		for _, a := range attributes {
			switch a.Attr.Type { // others tell how long the route is good for
			case syscall.RTA_DST, syscall.RTA_GATEWAY, syscall.RTA_OIF, syscall.RTA_PRIORITY, syscall.RTA_MULTIPATH, syscall.RTA_TABLE, unix.RTA_VIA:
				fmt.Fprintf(&route, " %d=%x", a.Attr.Type, a.Value)
			}
		}
		list = append(list, route.String())
	}
	slices.Sort(list)
	return strings.Join(list, "\n"), nil
}

// systemChanges tells whenever interfaces, addresses or routes of this computer change, or
// may have, until ctx ends. An error says that the system does not tell.
func systemChanges(ctx context.Context, tell func()) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	messages := os.NewFile(uintptr(fd), "netlink")
	defer messages.Close()
	defer context.AfterFunc(ctx, func() { messages.Close() })()
	const groups = unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return err
	}
	message := make([]byte, 64<<10)
	for {
		_, err := messages.Read(message)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, unix.ENOBUFS) { // there was too much to be told one by one
			return err
		}
		tell()
	}
}
