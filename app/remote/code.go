package remote

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"strings"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Two programs are paired by a code that one shows and a person types into the other.
// They connect over TLS with the keys that they want to trust from then on. The one that
// was given the code proves that it knows it, and the other one proves the same in
// return:
//
//	key     = PBKDF2-SHA256(code, both keys, 100,000 rounds)
//	proof   = HMAC-SHA256(key, "controller" or "peer" ‖ exporter of the TLS connection)
//
// Whoever sits in between has two TLS connections with different exporters, so a proof is
// worth nothing on another connection, and none can be replayed. A code has 60 random
// bits, which nobody finds out from a proof before it expires. It is good for one
// pairing, [CodeTries] tries and [CodeLife].
const (
	CodeLife  = 10 * time.Minute
	CodeTries = 10

	codeLength   = 12
	codeRounds   = 100_000
	codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: no I, L, O and U
	exporter     = "EXPORTER-centralizedp2p-pairing"
)

// side is who proves that it knows the code.
type side string

const (
	sideController side = "controller"
	sidePeer       side = "peer"
)

// newCode returns a random code.
func newCode() string {
	raw := make([]byte, codeLength)
	rand.Read(raw)
	for i, b := range raw {
		raw[i] = codeAlphabet[int(b)%len(codeAlphabet)]
	}
	return string(raw)
}

// shownCode is a code as people read it.
func shownCode(code string) string { return code[:4] + "-" + code[4:8] + "-" + code[8:] }

// typedCode is the code that a person typed; "invalid" if it is none.
func typedCode(text string) (string, error) {
	code := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	if len(code) != codeLength || strings.Trim(code, codeAlphabet) != "" {
		return "", netproto.Errorf(netproto.CodeInvalid, "a code has %d letters and digits, like K7QF-2M9X-W3TD", codeLength)
	}
	return code, nil
}

// proofOf is the proof of one side that it knows the code. client and server are the
// keys of the connection.
func proofOf(by side, code string, state tls.ConnectionState, client, server netproto.Fingerprint) ([]byte, error) {
	key, err := pbkdf2.Key(sha256.New, code, append(client[:], server[:]...), codeRounds, sha256.Size)
	if err != nil {
		return nil, err
	}
	bound, err := state.ExportKeyingMaterial(exporter, nil, sha256.Size)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(by))
	mac.Write(bound)
	return mac.Sum(nil), nil
}

// pairing is the code that is shown now, if any.
type pairing struct {
	now func() time.Time

	mu    sync.Mutex
	code  string
	until time.Time
	tries int // left
}

// begin makes a new code; one that was shown before is void.
func (p *pairing) begin() (code string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code, p.until, p.tries = newCode(), p.now().Add(CodeLife), CodeTries
	return p.code, p.until
}

// open reports whether a code is shown.
func (p *pairing) open() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code != "" && p.tries > 0 && p.now().Before(p.until)
}

// try checks a proof, and makes the code void if it is right. It returns the code;
// "denied" if there is none, or if the proof is wrong.
func (p *pairing) try(right func(code string) bool) (string, error) {
	p.mu.Lock() // one after another: a code is good once, and each try costs time
	defer p.mu.Unlock()
	if p.code == "" || p.tries == 0 || !p.now().Before(p.until) {
		p.code = ""
		return "", netproto.Errorf(netproto.CodeDenied, "no code is shown now: ask for one with `centralizedp2p serve pair`")
	}
	p.tries--
	if !right(p.code) {
		return "", netproto.Errorf(netproto.CodeDenied, "the code is not the one that is shown")
	}
	code := p.code
	p.code = ""
	return code, nil
}

// keyOf returns the fingerprint of the key that the other side of a connection proved.
func keyOf(state *tls.ConnectionState) (netproto.Fingerprint, bool) {
	if state == nil {
		return netproto.Fingerprint{}, false
	}
	key, err := identity.KeyOf(*state)
	if err != nil || key == nil {
		return netproto.Fingerprint{}, false
	}
	return netproto.FingerprintOf(key), true
}
