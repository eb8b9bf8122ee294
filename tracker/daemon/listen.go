package daemon

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/reuse"
	"centralizedp2p/tracker/netaddr"
)

// SystemdSockets among the addresses to listen on stands for the sockets that systemd
// passes on (sd_listen_fds(3)).
const SystemdSockets = "systemd"

// Listens returns the addresses to listen on, one by one.
func (o Options) Listens() []string {
	list := strings.Split(o.Listen, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// listFlag is a list with commas; a flag that is given again adds to it.
type listFlag struct {
	value *string
	given bool
}

// String implements flag.Value.
func (l *listFlag) String() string {
	if l.value == nil {
		return ""
	}
	return *l.value
}

// Set implements flag.Value. The first time it replaces the default.
func (l *listFlag) Set(text string) error {
	if l.given {
		text = *l.value + "," + text
	}
	return l.Replace(text)
}

// Replace sets the whole list, as a variable or a settings file does.
func (l *listFlag) Replace(text string) error {
	*l.value, l.given = text, true
	return nil
}

// port is a listener and the address that the person gave for it.
type port struct {
	net.Listener
	given string
}

// at returns where it listens, with the zone that the person gave: the system does not
// say it.
func (p port) at() netip.AddrPort {
	at := p.Addr().(*net.TCPAddr).AddrPort()
	ip := at.Addr().Unmap()
	if host, _, err := net.SplitHostPort(p.given); err == nil {
		if given, err := netip.ParseAddr(host); err == nil && given.WithZone("") == ip.WithZone("") {
			ip = given
		}
	}
	return netip.AddrPortFrom(ip, at.Port())
}

func (p port) String() string {
	if at := p.at(); at.Addr().Zone() != "" {
		return at.String()
	}
	return p.Addr().String()
}

// listening returns where it listens without a zone.
func (p port) listening() netip.AddrPort {
	at := p.at()
	return netip.AddrPortFrom(netaddr.Plain(at.Addr()), at.Port())
}

// ports are all that a tracker listens on, at least one. The first one stands in links.
type ports []port

func (ps ports) close() error {
	var err error
	for _, p := range ps {
		err = errors.Join(err, p.Close())
	}
	return err
}

// resolved returns the addresses as they are now, so that the same can be opened again.
func (ps ports) resolved() string {
	var list []string
	for _, p := range ps {
		if p.given != SystemdSockets {
			list = append(list, p.String())
		} else if len(list) == 0 || list[len(list)-1] != SystemdSockets {
			list = append(list, SystemdSockets)
		}
	}
	return strings.Join(list, ",")
}

// listenAll opens all addresses, or none.
func listenAll(addresses []string) (ports, error) {
	var all ports
	for _, address := range addresses {
		var some []net.Listener
		var err error
		if address == SystemdSockets {
			some, err = passedSockets()
		} else {
			some = make([]net.Listener, 1)
			some[0], err = listen(address)
		}
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		for _, ln := range some {
			all = append(all, port{ln, address})
		}
	}
	return all, nil
}

func listen(address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return ln, nil
	case reuse.InUse(err):
		return nil, &netproto.Error{Code: netproto.CodePortInUse, Detail: address, Cause: err}
	case errors.Is(err, syscall.EACCES):
		return nil, netproto.Errorf(netproto.CodeInvalid, "the tracker may not listen on %q: ports below 1024 ask for a right, "+
			"which the unit of \"systemd-unit\" or \"setcap cap_net_bind_service=+ep PROGRAM\" gives: %w", address, err)
	}
	return nil, netproto.Errorf(netproto.CodeInvalid, "the tracker cannot listen on %q: %w", address, err)
}

// firstSocket is the descriptor of the first socket that systemd passes on.
const firstSocket = 3

// inherited are the sockets that were passed on to this process. They stay open, so that
// a tracker that starts again finds them.
var inherited = sync.OnceValue(func() []*os.File {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || n < 0 || n > 64 {
		return nil
	}
	var files []*os.File
	for fd := firstSocket; fd < firstSocket+n; fd++ {
		files = append(files, os.NewFile(uintptr(fd), "socket of systemd"))
	}
	return files
})

// passedSockets returns copies of the sockets that systemd passed on.
func passedSockets() ([]net.Listener, error) {
	var list []net.Listener
	for _, file := range inherited() {
		ln, err := net.FileListener(file)
		if err == nil {
			if _, ok := ln.Addr().(*net.TCPAddr); ok {
				list = append(list, ln)
				continue
			}
			err = errors.Join(errors.New("it is not a TCP socket"), ln.Close())
		}
		for _, open := range list {
			err = errors.Join(err, open.Close())
		}
		return nil, netproto.Errorf(netproto.CodeInvalid, "the tracker cannot listen on a socket of systemd: %w", err)
	}
	if len(list) == 0 {
		return nil, netproto.Errorf(netproto.CodeInvalid, "systemd has passed no sockets on: --listen systemd is for a service with a socket unit")
	}
	return list, nil
}
