package trackerclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"centralizedp2p/netproto"
)

// How a request of any kind goes to the tracker, and what its answer means, or that there is none.

const (
	callTimeout = 15 * time.Second
	// detailBytes bounds how much of a tracker's own words a person reads.
	detailBytes = 400
	userAgent   = "CentralizedP2P"
)

// way is a pool of connections to one node of the tracker, mostly.
type way struct {
	http      *resty.Client
	transport *http.Transport

	// Under the lock of the client:
	last   string               // host:port that answered; "" before that
	doubts map[string]time.Time // when a node was passed over
}

func (c *Client) newWay() *way {
	w := &way{doubts: map[string]time.Time{}}
	w.transport = &http.Transport{
		DialTLSContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := c.connect(ctx, w, network, dialer.DialContext)
			if err != nil {
				return nil, err
			}
			return conn, nil
		},
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        90 * time.Second,
	}
	w.http = resty.NewWithClient(&http.Client{
		Transport:     w.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	w.http.SetBaseURL("https://" + netproto.URLHost(c.address))
	w.http.SetHeader("User-Agent", userAgent)
	w.http.SetAllowGetMethodPayload(true)
	return w
}

// call makes a request and decodes its answer of at most limit bytes; answer may be
// nil.
func (c *Client) call(ctx context.Context, method, route string, body, answer any, limit int) error {
	timed, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var raw bytes.Buffer
	if body != nil {
		encoder := json.NewEncoder(&raw)
		encoder.SetEscapeHTML(false) // names full of & must not outgrow the tracker's limit
		if err := encoder.Encode(body); err != nil {
			return netproto.Errorf(netproto.CodeInternal, "%w", err)
		}
	}
	began := time.Now()
	response, err := c.exchange(timed, method, route, func(ctx context.Context, w *way) (*resty.Response, error) {
		request := w.http.R().SetContext(ctx).SetResponseBodyLimit(limit)
		if body != nil {
			request.SetHeader("Content-Type", "application/json").SetBody(raw.Bytes())
		}
		return request.Execute(method, route)
	})
	if err == nil {
		c.compareClocks(response.Header().Get("Date"), began, time.Now())
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case timed.Err() != nil:
		return c.unanswered(timed.Err(), limit)
	case err != nil:
		return c.unanswered(err, limit)
	case response.StatusCode() >= 300:
		return c.refused(response.StatusCode(), response.Header(), response.Body())
	case answer == nil || response.StatusCode() == http.StatusNoContent:
		return nil
	}
	if err := json.Unmarshal(response.Body(), answer); err != nil {
		return netproto.Errorf(netproto.CodeProtocol, "the tracker %s: %w", c.address, err)
	}
	return nil
}

// compareClocks notes how the clocks differ at least, from the date of an answer, which the
// tracker cut to whole seconds between began and ended. An answer that took long says little.
func (c *Client) compareClocks(date string, began, ended time.Time) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	least, most := began.Sub(at.Add(time.Second)), ended.Sub(at)
	ahead := min(max(least, 0), most) // the smallest difference that can be
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = &ahead
}

// ClockAhead returns how much the clock of this computer is ahead of the tracker's at least. It
// may be a second more, and the time that an answer took. ok is false before the tracker has
// said its time.
func (c *Client) ClockAhead() (ahead time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ahead == nil {
		return 0, false
	}
	return *c.ahead, true
}

// unanswered returns why no answer came.
func (c *Client) unanswered(err error, limit int) error {
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return e // found during the handshake: another key
	}
	if errors.Is(err, resty.ErrResponseBodyTooLarge) {
		return netproto.Errorf(netproto.CodeProtocol, "%s answers with more than %d bytes", c.address, limit)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return netproto.Errorf(netproto.CodeUnreachable, "%s: no answer in time", c.address)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL: the sentence names the address
	}
	return netproto.Errorf(netproto.CodeUnreachable, "%s: %w", c.address, err)
}

// refused turns the problem that the tracker answered into an error.
func (c *Client) refused(status int, header http.Header, body []byte) error {
	var problem netproto.Problem
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if media != netproto.MediaTypeProblem || json.Unmarshal(body, &problem) != nil || problem.Code == "" {
		return netproto.Errorf(netproto.CodeProtocol, "%s answers with status %d and is no tracker of ours", c.address, status)
	}
	if len(problem.Detail) > detailBytes {
		problem.Detail = strings.ToValidUTF8(problem.Detail[:detailBytes], "") + "…"
	}
	refused := &netproto.Error{Code: problem.Code, Detail: problem.Detail}
	// Our trackers give seconds; RFC 9110 §10.2.3 allows dates too.
	if n, err := strconv.ParseUint(header.Get("Retry-After"), 10, 31); err == nil {
		refused.RetryAfter = time.Duration(n) * time.Second
	}
	return refused
}
