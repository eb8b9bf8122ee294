package trackerclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-resty/resty/v2"

	"centralizedp2p/netproto"
)

// Limits of a call to a seed tracker.
const (
	seedTimeout = 10 * time.Second
	// seedListTimeout is for the whole list, which may come over a slow line.
	seedListTimeout = 60 * time.Second
	// seedListBytes is about 100,000 rows of 300 bytes: far more than a seed
	// tracker can hold, and little enough to decode on any computer.
	seedListBytes = 32 << 20
	maxSeedRows   = 100_000
	maxSeedField  = 128 // bytes of an address or a hash: both are much shorter
	// seedAnswerBytes is one row: the longest path with every character escaped
	// twice.
	seedAnswerBytes = 256 << 10
	// seedReasonBytes bounds how much of a refusal a person reads.
	seedReasonBytes = 400

	seedContentType = "application/json; charset=utf-8"
)

// Seed calls the seed's routes, of a seed tracker over plain HTTP or of one of
// ours. Its errors are [netproto.Error] with the codes tracker-unreachable,
// cancelled, denied, invalid, too-many-requests, full, internal,
// protocol-violation if what answers is no such tracker, and those of the
// transport (tracker-key-changed). It follows no redirects and uses no proxy. It
// may be used from several goroutines.
type Seed struct {
	base string
	http *resty.Client
}

// NewSeed returns a client for the seed tracker at a base URL such as
// http://192.0.2.1:5000. It keeps no connection between calls, like the seed's
// own server.
func NewSeed(baseURL string) *Seed {
	return NewSeedOver(baseURL, &http.Transport{
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
	})
}

// NewSeedOver returns a client that uses a transport of the caller: the pinned
// TLS connection to a tracker of ours, with https:// in the base URL.
func NewSeedOver(baseURL string, transport http.RoundTripper) *Seed {
	client := resty.NewWithClient(&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	client.SetAllowGetMethodPayload(true)
	client.SetHeader("User-Agent", "CentralizedP2P")
	return &Seed{base: strings.TrimRight(baseURL, "/"), http: client}
}

// requestable reports whether a row could name a resource: one that is longer than a
// request for it can be fetched by nobody, and must not fill the screen of anybody.
func requestable(r netproto.SeedResource) bool {
	return len(r.ResourcePath)+len(r.ResourceName) < netproto.SeedMaxRequest && len(r.PeerIP) <= maxSeedField && len(r.ResourceHash) <= maxSeedField
}

// List returns all resources that the tracker lists and that can be requested, at most
// 32 MiB of JSON.
func (s *Seed) List(ctx context.Context) ([]netproto.SeedResource, error) {
	data, err := s.call(ctx, seedCall{http.MethodGet, netproto.RouteSeedResource, netproto.SeedQuery{}, seedListTimeout, seedListBytes})
	if err != nil {
		return nil, err
	}
	rows := list[netproto.SeedResource]{most: maxSeedRows}
	if err := json.Unmarshal([]byte(data), &rows); err != nil {
		return nil, s.broken("its list cannot be read: %w", err)
	}
	return slices.DeleteFunc(rows.items, func(r netproto.SeedResource) bool { return !requestable(r) }), nil
}

// Find returns one peer that has a resource of exactly that name, and false if
// there is none.
func (s *Seed) Find(ctx context.Context, name string) (netproto.SeedResource, bool, error) {
	none := netproto.SeedResource{}
	if name == "" {
		return none, false, netproto.Errorf(netproto.CodeInvalid, "a resource is looked up by its name, which is empty")
	}
	query := netproto.SeedQuery{ResourceName: name}
	data, err := s.call(ctx, seedCall{http.MethodGet, netproto.RouteSeedResource, query, seedTimeout, seedAnswerBytes})
	if err != nil {
		return none, false, err
	}
	var found netproto.SeedResource
	if err := json.Unmarshal([]byte(data), &found); err != nil {
		return none, false, s.broken("its answer about %q cannot be read: %w", name, err)
	}
	if found == none {
		return none, false, nil
	}
	if found.ResourceName != name {
		return none, false, s.broken("it was asked for %q and answers with %q", name, netproto.Cut(found.ResourceName, netproto.MaxNameBytes))
	}
	if !requestable(found) {
		return none, false, s.broken("it lists %q with a path, an address or a hash that is too long", name)
	}
	return found, true, nil
}

// Register lists a resource of a peer. Doing it again changes nothing.
func (s *Seed) Register(ctx context.Context, r netproto.SeedRegistration) error {
	_, err := s.call(ctx, seedCall{http.MethodPost, netproto.RouteSeedResource, r, seedTimeout, seedAnswerBytes})
	return err
}

// Heartbeat renews the lease of a peer. It does not bring back a peer whose
// lease has ended: that one must register again.
func (s *Seed) Heartbeat(ctx context.Context, peerID string) error {
	beat := netproto.SeedHeartbeat{PeerID: peerID}
	_, err := s.call(ctx, seedCall{http.MethodPost, netproto.RouteSeedHeartbeat, beat, seedTimeout, seedAnswerBytes})
	return err
}

// seedCall is one request. GET has a body too, as with the seed.
type seedCall struct {
	method, route string
	body          any
	timeout       time.Duration
	limit         int // bytes of the answer
}

// call makes a request and returns the data in its envelope.
func (s *Seed) call(ctx context.Context, c seedCall) (string, error) {
	body, err := json.Marshal(c.body)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeInternal, "the request to %s: %w", s.base, err)
	}
	timed, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := s.http.R().
		SetContext(timed).
		SetHeader("Content-Type", seedContentType).
		SetBody(body).
		SetResponseBodyLimit(c.limit).
		Execute(c.method, s.base+c.route)
	if err != nil {
		return "", s.unanswered(ctx, err, c.limit)
	}
	if answer.StatusCode() != http.StatusOK {
		return "", s.refused(answer.StatusCode(), answer.Body())
	}
	var envelope struct {
		Success bool            `json:"success"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(answer.Body(), &envelope); err != nil {
		return "", s.broken("its answer cannot be read: %w", err)
	}
	if !envelope.Success {
		return "", netproto.Errorf(netproto.CodeInvalid, "%s: %s", s.base, seedReason(answer.Body()))
	}
	var data string
	if err := json.Unmarshal(envelope.Data, &data); err != nil {
		return "", s.broken("its answer carries no text: %w", err)
	}
	return data, nil
}

// unanswered returns the error of a call without a complete answer.
func (s *Seed) unanswered(ctx context.Context, err error, limit int) error {
	if known, ok := errors.AsType[*netproto.Error](err); ok {
		return known // from the transport: the tracker's key changed
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &netproto.Error{Code: netproto.CodeCancelled, Detail: s.base, Cause: err}
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return s.broken("its answer has more than %d bytes", limit)
	}
	reason := err.Error()
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		reason = wrapped.Err.Error() // without the URL, which the sentence names
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		reason = "no answer in time"
	} else if number, ok := errors.AsType[syscall.Errno](err); ok {
		reason = number.Error()
	}
	return &netproto.Error{Code: netproto.CodeUnreachable, Detail: s.base + ": " + reason, Cause: err}
}

// refused returns the error of an answer with another status than 200.
func (s *Seed) refused(status int, body []byte) error {
	code := netproto.CodeProtocol
	switch status {
	case http.StatusBadRequest:
		code = netproto.CodeBadRequest
	case http.StatusUnauthorized, http.StatusForbidden:
		code = netproto.CodeDenied
	case http.StatusRequestEntityTooLarge:
		code = netproto.CodeTooLarge
	case http.StatusUnprocessableEntity:
		code = netproto.CodeInvalid
	case http.StatusTooManyRequests:
		code = netproto.CodeTooMany
	case http.StatusServiceUnavailable:
		code = netproto.CodeFull
	default:
		if status >= 500 {
			code = netproto.CodeInternal
		}
	}
	if code == netproto.CodeProtocol {
		return s.broken("it answers %d %s, as no seed tracker does", status, http.StatusText(status))
	}
	reason := seedReason(body)
	if reason == "" {
		reason = fmt.Sprintf("it answers %d %s", status, http.StatusText(status))
	}
	return netproto.Errorf(code, "%s: %s", s.base, reason)
}

// broken returns the error of an answer that no seed tracker gives.
func (s *Seed) broken(format string, args ...any) error {
	return netproto.Errorf(netproto.CodeProtocol, "the tracker at %s: %w", s.base, fmt.Errorf(format, args...))
}

// seedReason returns what a refusal says to people: a text, or one per field.
func seedReason(body []byte) string {
	var envelope struct {
		Data   json.RawMessage `json:"data"`
		Detail string          `json:"detail"` // of a netproto.Problem
	}
	if json.Unmarshal(body, &envelope) != nil {
		return ""
	}
	reason := envelope.Detail
	var text string
	var fields map[string][]string
	if json.Unmarshal(envelope.Data, &text) == nil {
		reason = text
	} else if json.Unmarshal(envelope.Data, &fields) == nil {
		var parts []string
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			parts = append(parts, field+": "+strings.Join(fields[field], " "))
		}
		reason = strings.Join(parts, " ")
	}
	if len(reason) > seedReasonBytes {
		reason = strings.ToValidUTF8(reason[:seedReasonBytes], "") + "…"
	}
	return reason
}
