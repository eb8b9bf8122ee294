package localengine

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
)

// ownListen is where the tracker on this computer listens: others look for a
// tracker on that port.
var ownListen = ":" + strconv.Itoa(netproto.DefaultPort)

// ownTracker is the tracker on this computer.
type ownTracker struct {
	*core
	listen string // [HOST]:PORT
	logs   io.Writer

	mu      sync.Mutex
	running *node.OwnTracker
	failure error // why it does not run, although it should
}

// state returns the running tracker, or nil and why it does not run.
func (o *ownTracker) state() (*node.OwnTracker, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.running, o.failure
}

// rate returns how many requests per second it answers.
func (o *ownTracker) rate() float64 {
	if own, _ := o.state(); own != nil {
		return own.Rate()
	}
	return 0
}

// start starts the tracker, which runs until [ownTracker.close].
func (o *ownTracker) start() (*node.OwnTracker, error) {
	settings, err := o.settings()
	if err != nil {
		return nil, err
	}
	own, err := o.open(settings)
	if err == nil && !o.keep(own) {
		return nil, errors.Join(netproto.Errorf(netproto.CodeCancelled, "the program ends"), own.Close())
	}
	if err == nil {
		own.MapPort(o.node.MayMapPort(settings))
		o.rememberPort(own)
	}
	if err != nil {
		o.mu.Lock()
		o.failure = err
		o.mu.Unlock()
	}
	o.news.tell()
	return own, coded(err)
}

// open starts a tracker on the port that the person chose; else on the one that it had
// last, the usual one, one of the next, or any, whichever is free first.
func (o *ownTracker) open(settings library.Settings) (*node.OwnTracker, error) {
	host, usual, err := net.SplitHostPort(o.listen)
	if err != nil {
		return nil, err
	}
	ports := []string{strconv.Itoa(settings.TrackerPort)}
	if settings.TrackerPort == 0 {
		ports = portsToTry(settings.TrackerAt, usual)
	}
	var own *node.OwnTracker
	for _, port := range ports {
		own, err = node.StartTracker(node.TrackerData(o.library.Dir()), net.JoinHostPort(host, port), settings.Name, o.logs)
		if netproto.CodeOf(err) != netproto.CodePortInUse {
			break
		}
	}
	return own, err
}

// portsNear is how many ports after the usual one are tried.
const portsNear = 10

// portsToTry returns the ports for a tracker whose port nobody chose.
func portsToTry(last int, usual string) []string {
	var ports []string
	if last != 0 {
		ports = append(ports, strconv.Itoa(last))
	}
	ports = append(ports, usual)
	if first, err := strconv.Atoi(usual); err == nil && first != 0 {
		for port := first + 1; port <= min(first+portsNear, 65535); port++ {
			ports = append(ports, strconv.Itoa(port))
		}
	}
	return append(ports, "0")
}

// rememberPort lets the tracker have its port again next time, so that invite links
// stay valid.
func (o *ownTracker) rememberPort(own *node.OwnTracker) {
	_, text, err := net.SplitHostPort(own.Address)
	port, notNumber := strconv.Atoi(text)
	if err != nil || notNumber != nil {
		return
	}
	if err := o.changeSettings(func(s *library.Settings) { s.TrackerAt = port }); err != nil {
		o.log.Warn("the tracker may have another port next time", "error", err)
	}
}

// keep takes over a tracker that was started; false once the engine is closed.
func (o *ownTracker) keep(own *node.OwnTracker) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.begin(func() { o.watch(own) }) {
		return false
	}
	o.running, o.failure = own, nil
	return true
}

// watch notices when the router passes the port on, and when the tracker ends by
// itself. The page then shows why, and the switch can start it again.
func (o *ownTracker) watch(own *node.OwnTracker) {
	for ended := false; !ended; {
		select {
		case <-own.MappingChanged():
			o.news.tell()
		case <-own.Ended():
			ended = true
		case <-o.ctx.Done():
			return
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running != own { // it was stopped
		return
	}
	o.running, o.failure = nil, own.Err()
	if o.failure == nil {
		o.failure = node.ErrTrackerEnded
	}
	o.log.Error("the tracker on this computer ended by itself", "error", o.failure)
	o.news.tell()
}

// close stops the tracker, if it runs.
func (o *ownTracker) close() error {
	o.mu.Lock()
	own := o.running
	o.running, o.failure = nil, nil
	o.mu.Unlock()
	o.news.tell()
	if own == nil {
		return nil
	}
	return coded(own.Close())
}

// StartTracker runs a tracker on this computer and uses it.
func (ts *trackers) StartTracker(ctx context.Context) error {
	return ts.inTurn(ctx, func() error {
		own, _ := ts.own.state()
		if own != nil {
			return ts.useOwn(own)
		}
		own, err := ts.own.start()
		if err != nil {
			return err
		}
		if err := ts.useOwn(own); err != nil { // what is not saved would be gone at the next start
			return errors.Join(err, ts.own.close())
		}
		return nil
	})
}

// useOwn makes the tracker on this computer the main one. Nobody needs to vouch
// for its key, whatever was known under its address.
func (ts *trackers) useOwn(own *node.OwnTracker) error {
	link := netproto.Link{Tracker: own.Link.Tracker, Fingerprint: own.Fingerprint}
	settings, err := ts.settings()
	if err != nil {
		return err
	}
	if err := ts.library.ReplaceTracker(link.Tracker, link.Fingerprint, settings.Name); err != nil {
		return coded(err)
	}
	c, err := node.Client(ts.library, link)
	if err != nil {
		return coded(err)
	}
	return ts.adopt(c, true)
}

// StopTracker stops the tracker on this computer, after a goodbye if it is the
// main one.
func (ts *trackers) StopTracker(ctx context.Context) error {
	return ts.inTurn(ctx, func() error {
		used := ts.usesOwn()
		err := ts.changeSettings(func(s *library.Settings) {
			s.OwnTracker = false
			if used {
				s.Tracker = ""
			}
		})
		if err != nil {
			return err
		}
		if used {
			ts.leave(ctx)
		}
		return ts.own.close()
	})
}

// usesOwn reports whether the tracker on this computer is the main one.
func (ts *trackers) usesOwn() bool {
	own, _ := ts.own.state()
	t := ts.engine.Trackers.Main()
	return own != nil && t != nil && t.Fingerprint() == own.Fingerprint
}

// leaveOwn waits until the tracker on this computer knows that this peer goes. One elsewhere
// reads a goodbye later; this one ends, too.
func (ts *trackers) leaveOwn() {
	if ts.usesOwn() {
		ts.leave(context.Background())
	}
}

func viewOf(own *node.OwnTracker, failure error) face.OwnTracker {
	if own == nil {
		return face.OwnTracker{Failure: face.FailureOf(failure)}
	}
	return face.OwnTracker{Running: true, Addresses: ownAddresses(own), Invite: own.Invite().String(), LinkProblem: face.LinkProblem(own.LinkProblem()),
		Rate: own.Rate()}
}

// ownAddresses returns the addresses under which others may reach the tracker on
// this computer, the likeliest first.
func ownAddresses(own *node.OwnTracker) []string {
	addresses := []string{own.Link.Tracker}
	if at := own.Invite().Tracker; at != own.Link.Tracker { // the router's
		addresses = append(addresses, at)
	}
	host, port, err := net.SplitHostPort(own.Address)
	if ip := net.ParseIP(host); err != nil || ip != nil && !ip.IsUnspecified() {
		return addresses // it listens nowhere else
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return addresses
	}
	for _, a := range all {
		prefix, ok := a.(*net.IPNet)
		if !ok || prefix.IP.IsLoopback() || prefix.IP.IsLinkLocalUnicast() {
			continue
		}
		if address := net.JoinHostPort(prefix.IP.String(), port); !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
