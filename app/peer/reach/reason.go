package reach

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// reason says why a peer cannot be reached.
func (a *ascent) reason() error {
	var said []string
	causes := append(a.direct, a.called, a.relayed)
	answered := func(err error) bool {
		return err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	for _, err := range a.direct {
		if text := fmt.Sprint(err); answered(err) && !slices.Contains(said, text) {
			said = append(said, text)
		}
	}
	switch {
	case len(said) > 0:
	case len(dialable(a.to.Addresses)) == 0:
		said = append(said, "no address of it is known")
	case a.to.Reach == netproto.ReachableNo:
		said = append(said, "its router lets no connection in")
	default:
		said = append(said, "nothing answers at its addresses")
	}
	switch {
	case answered(a.called):
		said = append(said, fmt.Sprintf("the tracker could not call it: %v", a.called))
	case a.expected != nil:
		a.ladder.came(a.to.Key, "")
		said = append(said, "it was called and did not come through")
		if a.tracker != nil && a.answer.Relay == nil {
			said = append(said, noRelay(a.answer))
			causes = append(causes, &session.NoRelayError{Why: a.answer.NoRelay, Again: a.answer.RelayAgain})
		}
	case !a.to.Callable:
		said = append(said, "no tracker can call it")
	}
	if answered(a.relayed) {
		said = append(said, fmt.Sprintf("the relay failed: %v", a.relayed))
	}
	return &unreachable{strings.Join(said, "; "), errors.Join(causes...)}
}

// noRelay says why a tracker does not relay.
func noRelay(answer netproto.CallResponse) string {
	until := ""
	if answer.RelayAgain != nil {
		until = ", until " + answer.RelayAgain.Local().Format("15:04")
	}
	switch answer.NoRelay {
	case netproto.RelayOff:
		return "the tracker relays nothing"
	case netproto.RelayFull:
		return "the tracker relays as much as it can already"
	case netproto.RelayCallerDay:
		return "this peer has used up what the tracker relays for it in a day" + until
	case netproto.RelayCalleeDay:
		return "it has used up what the tracker relays for it in a day" + until
	}
	return "the tracker relays nothing now"
}

// unreachable says why no way led to a peer.
type unreachable struct {
	text  string
	cause error
}

func (u *unreachable) Error() string { return u.text }
func (u *unreachable) Unwrap() error { return u.cause }
