package web

import (
	"crypto/rand"
	"crypto/subtle"
	"math/big"
	"net/netip"
	"sync"
	"time"
	"unicode"

	"centralizedp2p/netproto"
)

const (
	// wrongFrom is after how many wrong PINs an address is closed, and wrongAll after how
	// many, from anybody, all are. A million PINs and 30 tries are a chance of 1 in 33,000.
	wrongFrom = 3
	wrongAll  = 30
	// wrongWait is the wait after the first wrong PIN; each further one doubles it.
	wrongWait = time.Second

	minPIN, maxPIN = 4, 64
)

// NewPIN returns six digits at random.
func NewPIN() string {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return n.Add(n, big.NewInt(100_000)).String()
}

// CheckPIN returns why a PIN cannot be used, with the code "invalid".
func CheckPIN(pin string) error {
	if len(pin) < minPIN || len(pin) > maxPIN {
		return netproto.Errorf(netproto.CodeInvalid, "a PIN has %d to %d characters", minPIN, maxPIN)
	}
	for _, c := range pin {
		if !unicode.IsGraphic(c) || unicode.IsSpace(c) {
			return netproto.Errorf(netproto.CodeInvalid, "a PIN has no spaces and no invisible characters")
		}
	}
	return nil
}

// lock asks for a PIN.
type lock struct {
	pin string

	mu    sync.Mutex
	wrong map[netip.Addr]*wrongPINs // at most wrongAll
	all   int                       // wrong PINs from anybody
}

// wrongPINs are those of an address.
type wrongPINs struct {
	count int
	until time.Time // no other is looked at before
}

// try looks at a PIN. The error has the code "denied" if it is wrong, "banned" if the
// address is closed, "gone" if all are, and "too-many-requests" if it comes too soon
// after a wrong one.
func (l *lock) try(from netip.Addr, pin string, now time.Time) error {
	from = household(from)
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.wrong[from]
	switch {
	case l.all >= wrongAll:
		return netproto.Errorf(netproto.CodeGone, "there were too many wrong PINs")
	case before != nil && before.count >= wrongFrom:
		return netproto.Errorf(netproto.CodeBanned, "there were too many wrong PINs from this address")
	case before != nil && now.Before(before.until):
		return &netproto.Error{Code: netproto.CodeTooMany, RetryAfter: before.until.Sub(now)}
	case subtle.ConstantTimeCompare([]byte(pin), []byte(l.pin)) == 1:
		delete(l.wrong, from)
		return nil
	}
	l.all++
	if before == nil {
		before = &wrongPINs{}
		l.wrong[from] = before
	}
	before.until = now.Add(wrongWait << before.count)
	before.count++
	if before.count >= wrongFrom {
		return netproto.Errorf(netproto.CodeBanned, "there were too many wrong PINs from this address")
	}
	return &netproto.Error{Code: netproto.CodeDenied, RetryAfter: wrongWait << (before.count - 1)}
}

// isShut reports whether no PIN opens any longer.
func (l *lock) isShut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all >= wrongAll
}
