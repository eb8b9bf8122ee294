package server

import (
	"context"
	"net/http"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// Results of calls that were not rung, for metrics; line.Result has the others.
const (
	callRefused  = "refused" // by a limit or a rule
	callNotFound = "not-found"
)

// call brings a caller and a callee together: each is told where the tracker sees the
// other one, and then both dial. Nothing in it comes from a peer but the ports that it
// claims, and private addresses for its own network.
func (s *Server) call(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	var req netproto.CallRequest
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return err
	}
	response, result, err := s.arrange(r.Context(), c, req)
	s.metrics.Called(result)
	if err != nil {
		return err
	}
	return rest.Answer(w, response)
}

// arrange returns the answer to a call and what became of it.
func (s *Server) arrange(ctx context.Context, c origin.Caller, req netproto.CallRequest) (answer netproto.CallResponse, result string, err error) {
	if req.PeerID == c.ID {
		return answer, callRefused, netproto.Errorf(netproto.CodeInvalid, "a peer cannot call itself")
	}
	if wait := s.calls.Take(c.Addr, c.ID); wait > 0 {
		return answer, callRefused, admission.TooMany(admission.LimitCalls, wait, "they were calls from this peer or its address")
	}
	from, err := s.store.Online(ctx, c.ID)
	if err != nil {
		return answer, callRefused, joinFirst(err)
	}
	to, err := s.callee(ctx, req)
	if err != nil {
		return answer, callNotFound, err
	}
	seen := s.seen(req.PeerID)
	if len(seen) == 0 {
		return answer, string(line.ResultNoLine), notCallable(req.PeerID)
	}
	if wait := s.calls.TakePair(c.ID, req.PeerID); wait > 0 {
		return answer, callRefused, admission.TooMany(admission.LimitCallsPair, wait, "this peer has just called that one")
	}
	called := origin.Caller{Key: &to.Key, ID: req.PeerID, Addr: seen[0].Addr()}
	answer.Call, answer.Addresses = line.NewCallID(), s.places.Call(to.Peer, s.places.Viewer(c))
	ring := netproto.Ring{
		Call: answer.Call, PeerID: c.ID, Key: *c.Key, Name: from.Name, Hash: req.Hash,
		Addresses: s.places.Call(from, s.places.Viewer(called)),
	}
	if answer.Addresses == nil {
		answer.Addresses = []string{}
	}
	if ring.Addresses == nil {
		ring.Addresses = []string{}
	}
	if forCaller, forCallee, ok := s.relay.Offer(*c.Key, to.Key); ok {
		answer.Relay, ring.Relay = forCaller, forCallee
	} else {
		answer.NoRelay, answer.RelayAgain = s.relay.Why(*c.Key, to.Key)
	}
	became := s.ring(ctx, req.PeerID, c.Addr, ring)
	answer.Silent = became == line.ResultSilent
	switch became {
	case line.ResultBusy:
		err = &netproto.Error{Code: netproto.CodeBusy, Detail: "the peer that was called has too many calls at once", RetryAfter: busyRetry}
	case line.ResultDenied:
		err = netproto.Errorf(netproto.CodeDenied, "the peer that was called does not share this, or does not want to be called")
	case line.ResultNoLine:
		err = notCallable(req.PeerID)
	}
	return answer, string(became), err
}

// busyRetry is how long a caller of a busy peer is told to wait.
const busyRetry = 10 * time.Second

func notCallable(id netproto.PeerID) error {
	return netproto.Errorf(netproto.CodeNotFound, "the peer %s keeps no line to this tracker, so it cannot be called", id)
}

// callee finds who is called: an online peer that holds the content and may use the
// tracker.
func (s *Server) callee(ctx context.Context, req netproto.CallRequest) (store.Source, error) {
	to, err := s.store.Source(ctx, req.Hash, req.PeerID)
	if err != nil {
		return to, err
	}
	if s.checkMember(ctx, to.Key) != nil || s.store.Admit(ctx, &to.Key, to.Observed.Addr()) != nil {
		return to, netproto.Errorf(netproto.CodeNotFound, "the peer %s may no longer use this tracker", req.PeerID)
	}
	return to, nil
}
