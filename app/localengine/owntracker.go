package localengine

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
)

// ownListen is where the tracker on this computer listens: where others look
// for one.
var ownListen = ":" + strconv.Itoa(netproto.DefaultPort)

// StartTracker runs a tracker on this computer and uses it.
func (e *Engine) StartTracker(ctx context.Context) error {
	done, err := e.changeTracker(ctx)
	if err != nil {
		return err
	}
	defer done()
	own := e.running()
	if own != nil {
		return e.useOwn(own)
	}
	if own, err = e.startOwn(); err != nil {
		return err
	}
	if err := e.useOwn(own); err != nil { // a tracker that nobody remembers would be gone at the next start
		return errors.Join(err, e.closeOwn())
	}
	return nil
}

func (e *Engine) running() *node.OwnTracker {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.own
}

// startOwn starts the tracker on this computer. It ends with [Engine.Close],
// not with the request that started it.
func (e *Engine) startOwn() (*node.OwnTracker, error) {
	settings, err := e.settings()
	if err != nil {
		return nil, err
	}
	own, err := node.StartTracker(node.TrackerData(e.library.Dir()), e.ownListen, settings.Name, e.logs)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.own, e.ownErr = own, err
	if own != nil {
		e.watching.Go(func() { e.watchOwn(own) })
	}
	e.notifyLocked()
	return own, coded(err)
}

// watchOwn notices when the tracker on this computer ends by itself. The page
// then shows why; the switch can start it again.
func (e *Engine) watchOwn(own *node.OwnTracker) {
	select {
	case <-own.Ended():
	case <-e.closed:
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.own != own { // stopped by the person
		return
	}
	err := own.Err()
	if err == nil {
		err = node.ErrTrackerEnded
	}
	e.own, e.ownErr = nil, err
	e.log.Error("the tracker on this computer ended by itself", "error", err)
	e.notifyLocked()
}

// useOwn makes the tracker on this computer the one in use. Nobody needs to
// vouch for its key, whatever was known under its address.
func (e *Engine) useOwn(own *node.OwnTracker) error {
	address := own.Link.Tracker
	settings, err := e.settings()
	if err != nil {
		return err
	}
	if err := e.library.ReplaceTracker(address, own.Fingerprint, settings.Name); err != nil {
		return coded(err)
	}
	c, err := node.Client(e.library, netproto.Link{Tracker: address, Fingerprint: own.Fingerprint})
	if err != nil {
		return coded(err)
	}
	return e.adopt(c, true)
}

// StopTracker stops the tracker on this computer, after a goodbye if it is the
// one in use.
func (e *Engine) StopTracker(ctx context.Context) error {
	done, err := e.changeTracker(ctx)
	if err != nil {
		return err
	}
	defer done()
	own, t := e.running(), e.engine.Tracker()
	used := own != nil && t != nil && t.Fingerprint() == own.Fingerprint
	err = e.changeSettings(func(s *library.Settings) {
		s.OwnTracker = false
		if used {
			s.Tracker = ""
		}
	})
	if err != nil {
		return err
	}
	if used {
		e.leave(ctx)
	}
	return e.closeOwn()
}

func (e *Engine) closeOwn() error {
	e.mu.Lock()
	own := e.own
	e.own, e.ownErr = nil, nil
	e.notifyLocked()
	e.mu.Unlock()
	if own == nil {
		return nil
	}
	return coded(own.Close())
}

func viewOf(own *node.OwnTracker) face.OwnTracker {
	return face.OwnTracker{Running: true, Addresses: ownAddresses(own), Invite: own.Link.String(), Rate: own.Rate()}
}

// ownAddresses are those under which others may reach the tracker on this
// computer, the likeliest first.
func ownAddresses(own *node.OwnTracker) []string {
	addresses := []string{own.Link.Tracker}
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
