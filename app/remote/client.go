package remote

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/localsocket"
)

// Client is the engine of another process; it implements [face.Engine]. A call fails
// with "peer-unreachable" while that process does not answer. A watch heals by itself:
// it tells of a change when its line is lost, and again when it is back.
type Client struct {
	http *http.Client
	base string // of all addresses
	ctx  context.Context
	stop context.CancelFunc

	mu   sync.Mutex
	kept map[string]keptAnswer // of methods without arguments, which are asked again and again

	beginning sync.Mutex // no watch begins once ctx has ended
	watches   sync.WaitGroup
}

// NewLocal returns the engine of the peer that runs with a profile on this computer. It
// connects when it is first asked.
func NewLocal(profile string) *Client {
	return newClient("http://peer.local", &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return localsocket.Dial(ctx, Socket(profile))
		},
		DisableCompression: true,
	})
}

// NewFar returns the engine of a peer on another computer that was paired with id.
func NewFar(id *identity.Identity, peer Paired) *Client {
	dialer := &tls.Dialer{
		NetDialer: &net.Dialer{Timeout: headerTime, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: heartbeat, Interval: heartbeat, Count: 3}},
		Config: id.ClientTLS(identity.HTTP, func(key ed25519.PublicKey) error {
			if shown := netproto.FingerprintOf(key); shown != peer.Key {
				return netproto.Errorf(netproto.CodeDenied, "%s shows the key %s, not that of %s, with which this program is paired",
					peer.Address, shown, peer.Name)
			}
			return nil
		}),
	}
	return newClient("https://"+peer.Address, &http.Transport{
		DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", peer.Address)
		},
	})
}

// controlAddress is where a peer answers other computers; the port may be left out.
func controlAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), strconv.Itoa(DefaultPort)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || host == "" || strings.ContainsAny(host, "/ @?#") {
		return "", netproto.Errorf(netproto.CodeInvalid, "%q is no HOST or HOST:PORT", text)
	}
	return net.JoinHostPort(host, port), nil
}

// ShowCode has the peer show a pairing code; it can be asked on this computer only.
func (c *Client) ShowCode(ctx context.Context) (code Code, err error) {
	return exchanged[Code](ctx, c, http.MethodPost, routePairing, object{})
}

// ShowPageCode has the peer show a code to log in to its page for browsers; it can be
// asked on this computer only.
func (c *Client) ShowPageCode(ctx context.Context) (code Code, err error) {
	return exchanged[Code](ctx, c, http.MethodPost, routePageCode, object{})
}

// Controllers are those who may drive the peer; it can be asked on this computer only.
func (c *Client) Controllers(ctx context.Context) ([]Paired, error) {
	return exchanged[[]Paired](ctx, c, http.MethodGet, routeControllers, nil)
}

// Unpair takes a key's right to drive the peer; it can be asked on this computer only.
func (c *Client) Unpair(ctx context.Context, key netproto.Fingerprint) error {
	_, err := exchanged[json.RawMessage](ctx, c, http.MethodDelete, routeControllers, object{"key": key})
	return err
}

// exchanged sends an object, unless it is nil, and decodes the answer.
func exchanged[T any](ctx context.Context, c *Client, method, route string, send object) (result T, err error) {
	var body []byte
	if send != nil {
		if body, err = json.Marshal(send); err != nil {
			return result, netproto.Errorf(netproto.CodeInternal, "%w", err)
		}
	}
	raw, err := c.exchange(ctx, method, route, body)
	if err == nil && len(raw) > 0 {
		if bad := json.Unmarshal(raw, &result); bad != nil {
			err = netproto.Errorf(netproto.CodeProtocol, "the answer: %w", bad)
		}
	}
	return result, err
}

func newClient(base string, transport *http.Transport) *Client {
	transport.MaxIdleConnsPerHost, transport.IdleConnTimeout = 8, silenceTime
	transport.MaxResponseHeaderBytes, transport.ExpectContinueTimeout = maxHeader, headerTime
	c := &Client{base: base, kept: map[string]keptAnswer{}, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// keptAnswer is what a method answered last. While that is so, it is not sent again.
type keptAnswer struct {
	tag string
	raw []byte
}

// maxKept bounds an answer that is kept, in bytes.
const maxKept = 16 << 20

// Close ends all calls and watches, and waits for the latter.
func (c *Client) Close() error {
	c.beginning.Lock()
	c.stop()
	c.beginning.Unlock()
	c.watches.Wait()
	c.http.CloseIdleConnections()
	return nil
}

// Peer says who answers.
func (c *Client) Peer(ctx context.Context) (Peer, error) {
	return exchanged[Peer](ctx, c, http.MethodGet, routePeer, nil)
}

// object holds the arguments of a call.
type object map[string]any

// ask calls a method that has a result.
func ask[T any](ctx context.Context, c *Client, method string, arguments object) (result T, err error) {
	if arguments == nil {
		arguments = object{}
	}
	body, err := json.Marshal(arguments)
	if err != nil {
		return result, netproto.Errorf(netproto.CodeInternal, "%w", err)
	}
	raw, err := c.exchange(ctx, http.MethodPost, routeEngine+method, body)
	if len(raw) == 0 {
		return result, err
	}
	var a answer // a problem may have a result as well
	if bad := json.Unmarshal(raw, &a); bad == nil && a.Result != nil {
		bad = json.Unmarshal(a.Result, &result)
		if bad != nil && err == nil {
			err = netproto.Errorf(netproto.CodeProtocol, "the answer to %s: %w", method, bad)
		}
	} else if bad != nil && err == nil {
		err = netproto.Errorf(netproto.CodeProtocol, "the answer to %s: %w", method, bad)
	}
	return result, err
}

// order calls a method that has no result.
func order(ctx context.Context, c *Client, method string, arguments object) error {
	_, err := ask[json.RawMessage](ctx, c, method, arguments)
	return err
}

// exchange sends one request and returns the body of the answer, that of a problem too.
func (c *Client) exchange(ctx context.Context, method, route string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	before := c.keptFor(route, body)
	response, err := c.send(ctx, method, route, body, before.tag)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, lost(ctx, err)
	case len(raw) > maxAnswer:
		return nil, netproto.Errorf(netproto.CodeTooLarge, "the answer has more than %d bytes", maxAnswer)
	case response.StatusCode == http.StatusNotModified:
		return before.raw, nil
	case response.StatusCode == http.StatusOK && response.Header.Get("ETag") != "" && string(body) == "{}":
		c.keep(route, keptAnswer{response.Header.Get("ETag"), raw})
		return raw, nil
	case response.StatusCode == http.StatusOK, response.StatusCode == http.StatusNoContent:
		return raw, nil
	}
	return raw, failure(response, raw)
}

// keptFor is what a method without arguments answered last.
func (c *Client) keptFor(route string, body []byte) keptAnswer {
	if string(body) != "{}" {
		return keptAnswer{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[route]
}

func (c *Client) keep(route string, a keptAnswer) {
	if len(a.raw) > maxKept {
		a = keptAnswer{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[route] = a
}

// send sends a request; the answer may be that what has the tag is still right.
func (c *Client) send(ctx context.Context, method, route string, body []byte, tag string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+route, bytes.NewReader(body))
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeInternal, "%w", err)
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", mediaJSON)
	}
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, lost(ctx, err)
	}
	if api, _ := strconv.Atoi(response.Header.Get(headerAPI)); api > API { // 0 of those that say nothing
		response.Body.Close()
		return nil, netproto.Errorf(netproto.CodeProtocol, "the other peer is CentralizedP2P %s, which is newer than this one", versionOf(response))
	}
	return response, nil
}

// versionOf is which version of the program answers.
func versionOf(response *http.Response) string {
	return netproto.Printable(response.Header.Get(headerVersion))
}

// lost is the error of a line that broke, or that the caller gave up.
func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return netproto.Errorf(netproto.CodeCancelled, "%w", context.Cause(ctx))
	}
	if known, ok := errors.AsType[*netproto.Error](err); ok { // of the handshake
		return known
	}
	if refused, ok := errors.AsType[*net.OpError](err); ok && refused.Op == "remote error" { // an alert of TLS
		return netproto.Errorf(netproto.CodeDenied, "the other side does not know the key of this program: pair them again")
	}
	return netproto.Errorf(netproto.CodePeerUnreachable, "%w", err)
}

// failure returns the error that an answer tells of.
func failure(response *http.Response, raw []byte) error {
	var p problem
	if err := json.Unmarshal(raw, &p); err != nil || p.Code == "" {
		return netproto.Errorf(netproto.CodeProtocol, "what answers is no CentralizedP2P: %s", response.Status)
	}
	if p.Fields != nil {
		return p.Fields
	}
	if p.Code == netproto.CodeMethod && response.Header.Get(headerVersion) != "" {
		p.Detail = "the other peer is CentralizedP2P " + versionOf(response) + ", which is older than this one"
	}
	return &netproto.Error{Code: p.Code, Detail: p.Detail}
}

// The pause before a lost line is tried again doubles from the first to the last.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Watch implements [face.Overview].
func (c *Client) Watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	c.beginning.Lock()
	defer c.beginning.Unlock()
	if c.ctx.Err() != nil {
		close(changed)
		return changed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.ctx, cancel)
	c.watches.Go(func() {
		defer close(changed)
		defer cancel()
		defer stop()
		c.watch(ctx, func() {
			select {
			case changed <- struct{}{}:
			default:
			}
		})
	})
	return changed
}

// watch keeps an event stream until ctx ends.
func (c *Client) watch(ctx context.Context, tell func()) {
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, lastPause) {
		if c.listen(ctx, tell) {
			pause = firstPause
		}
		tell()
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// listen reads an event stream to its end and reports whether it began.
func (c *Client) listen(ctx context.Context, tell func()) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(silenceTime, cancel)
	defer silence.Stop()
	response, err := c.send(ctx, http.MethodGet, routeEvents, nil, "")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false
	}
	tell() // of what happened meanwhile
	for lines := bufio.NewScanner(response.Body); lines.Scan(); silence.Reset(silenceTime) {
		if strings.TrimPrefix(lines.Text(), "event: ") == "changed" {
			tell()
		}
	}
	return true
}
