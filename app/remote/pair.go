package remote

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Code is a pairing code that a person reads.
type Code struct {
	Code    string    `json:"code"`
	Expires time.Time `json:"expires"`
	Address string    `json:"address"` // where the peer answers, host:port
}

// pairRequest is what a program sends that was given a code.
type pairRequest struct {
	Name  string `json:"name"`
	Proof []byte `json:"proof"`
}

type pairAnswer struct {
	Proof []byte `json:"proof"`
}

// unpairRequest takes a key's right.
type unpairRequest struct {
	Key netproto.Fingerprint `json:"key"`
}

// local are the routes for callers on this computer.
func (c *caller) local() http.Handler {
	return c.named(c.routes(map[string]handler{
		"POST " + routePairing:       c.showCode,
		"POST " + routePageCode:      c.showPageCode,
		"GET " + routeControllers:    c.controllers,
		"DELETE " + routeControllers: c.unpair,
	}))
}

// far are the routes for callers on other computers.
func (c *caller) far(f *Far, own netproto.Fingerprint) http.Handler {
	routes := c.routes(map[string]handler{"POST " + routeUpload: f.upload})
	return c.named(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ok := keyOf(r.TLS)
		switch {
		case !ok:
			c.fail(w, netproto.Errorf(netproto.CodeCertificate, "no key was shown"), nil)
		case r.Method == http.MethodPost && r.URL.Path == routePair:
			if proof, err := c.pair(w, r, key, own); err != nil {
				c.fail(w, err, nil)
			} else {
				c.respond(w, http.StatusOK, mediaJSON, pairAnswer{proof})
			}
		case !c.still(r):
			c.fail(w, netproto.Errorf(netproto.CodeDenied, "this key is not paired"), nil)
		default:
			routes.ServeHTTP(w, r)
		}
	}))
}

// showCode makes a code; "invalid" if the peer does not answer on other computers.
func (c *caller) showCode(http.ResponseWriter, *http.Request) (any, error) {
	c.server.mu.Lock()
	far := c.server.far
	c.server.mu.Unlock()
	if far == nil {
		return nil, netproto.Errorf(netproto.CodeInvalid, "this peer answers no other computer: start it with --control :%d", DefaultPort)
	}
	code, until := c.server.pairing.begin()
	return Code{Code: shownCode(code), Expires: until, Address: far.Address()}, nil
}

func (c *caller) controllers(http.ResponseWriter, *http.Request) (any, error) {
	if c.server.options.Controllers == nil {
		return []Paired{}, nil
	}
	return c.server.options.Controllers.List(), nil
}

func (c *caller) unpair(w http.ResponseWriter, r *http.Request) (any, error) {
	var asked unpairRequest
	if err := read(w, r, &asked); err != nil {
		return nil, err
	}
	if c.server.options.Controllers == nil {
		return nil, netproto.Errorf(netproto.CodeNotFound, "%s is not paired", asked.Key)
	}
	return nil, c.server.options.Controllers.Remove(asked.Key)
}

// pair takes a key into the book if its owner knows the code, and returns the proof that
// this peer knows it as well.
func (c *caller) pair(w http.ResponseWriter, r *http.Request, key, own netproto.Fingerprint) ([]byte, error) {
	if err := ofProgram(r); err != nil {
		return nil, err
	}
	var asked pairRequest
	if err := read(w, r, &asked); err != nil {
		return nil, err
	}
	code, err := c.server.pairing.try(func(code string) bool {
		want, err := proofOf(sideController, code, *r.TLS, key, own)
		return err == nil && hmac.Equal(want, asked.Proof)
	})
	if err != nil {
		c.log.Warn("a program on another computer was not paired", "address", r.RemoteAddr, "error", err)
		return nil, err
	}
	proof, err := proofOf(sidePeer, code, *r.TLS, key, own)
	if err != nil {
		return nil, err
	}
	p := Paired{Key: key, Name: asked.Name, Since: time.Now().UTC().Truncate(time.Second)}
	if err := c.server.options.Controllers.Add(p); err != nil {
		return nil, err
	}
	c.log.Info("a program on another computer may drive this peer from now on", "key", key, "name", shortName(asked.Name), "address", r.RemoteAddr)
	return proof, nil
}

// pairTime bounds the whole of a pairing.
const pairTime = 30 * time.Second

// Pair pairs this program with the peer at an address, by the code that is shown there,
// and returns that peer. name is what this program is called there. "invalid" if the text
// is no code, "denied" if it is not the one that is shown, "peer-unreachable" if nothing
// answers, "protocol-violation" if what answers does not know the code.
func Pair(ctx context.Context, id *identity.Identity, address, typed, name string) (Paired, error) {
	code, err := typedCode(typed)
	if err != nil {
		return Paired{}, err
	}
	if address, err = controlAddress(address); err != nil {
		return Paired{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, pairTime)
	defer cancel()
	dialer := &tls.Dialer{Config: id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil })} // the code decides
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return Paired{}, lost(ctx, err)
	}
	defer raw.Close()
	state := raw.(*tls.Conn).ConnectionState()
	key, _ := keyOf(&state)
	proof, err := proofOf(sideController, code, state, id.Fingerprint(), key)
	if err != nil {
		return Paired{}, netproto.Errorf(netproto.CodeInternal, "%w", err)
	}
	body, err := json.Marshal(pairRequest{Name: name, Proof: proof})
	if err != nil {
		return Paired{}, netproto.Errorf(netproto.CodeInternal, "%w", err)
	}
	c := newClient("https://"+address, &http.Transport{ // this connection alone: the proof is worth nothing on another one
		DialTLSContext:    func(context.Context, string, string) (net.Conn, error) { return raw, nil },
		DisableKeepAlives: true,
	})
	defer c.Close()
	answer, err := c.exchange(ctx, http.MethodPost, routePair, body)
	if err != nil {
		return Paired{}, err
	}
	var a pairAnswer
	want, err := proofOf(sidePeer, code, state, id.Fingerprint(), key)
	if bad := json.Unmarshal(answer, &a); bad != nil || err != nil || !hmac.Equal(want, a.Proof) {
		return Paired{}, netproto.Errorf(netproto.CodeProtocol, "what answers at %s does not know the code: it may be somebody else", address)
	}
	return Paired{Key: key, Address: address, Since: time.Now().UTC().Truncate(time.Second)}, nil
}
