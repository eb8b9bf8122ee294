package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

var (
	caller = netproto.PublicKey{1}
	callee = netproto.PublicKey{2}
)

func from(ip string) Whose { return Whose{Addr: netip.MustParseAddr(ip)} }

func newRelay(t *testing.T, limits Limits) *Relay {
	r := New(limits)
	t.Cleanup(r.Close)
	return r
}

func (r *Relay) tokens(t *testing.T) (forCaller, forCallee netproto.RelayToken) {
	t.Helper()
	a, b, ok := r.Offer(caller, callee)
	if !ok {
		t.Fatal("nothing is offered")
	}
	if a.Rate != r.limits.Rate || a.Token == b.Token {
		t.Fatalf("%+v, %+v", a, b)
	}
	return a.Token, b.Token
}

// ends returns both ends of a TCP connection.
func ends(t *testing.T) (outside, inside net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if outside, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if inside, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	outside.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { outside.Close() })
	return outside, inside
}

// plain hides that a connection is TCP, so that its bytes go through a buffer as those
// of TLS do.
type plain struct{ net.Conn }

func (p plain) CloseWrite() error { return p.Conn.(*net.TCPConn).CloseWrite() }

// joined brings two connections together, and returns the ends of the peers and a
// channel that is closed when the circuit is over.
func joined(t *testing.T, r *Relay, wrap func(net.Conn) net.Conn, early string) (a, b net.Conn, over <-chan struct{}) {
	t.Helper()
	one, two := r.tokens(t)
	var sides sync.WaitGroup
	outs, entered := make([]net.Conn, 2), make(chan error, 2)
	for i, token := range []netproto.RelayToken{one, two} {
		out, in := ends(t)
		outs[i] = out
		sides.Go(func() {
			p, err := r.Enter(context.Background(), token, from("192.0.2."+string(rune('1'+i))))
			entered <- err
			if err != nil {
				in.Close()
				return
			}
			var before []byte
			if i == 0 && early != "" {
				before = []byte(early)
			}
			p.Join(wrap(in), before)
		})
	}
	for range 2 {
		if err := <-entered; err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan struct{})
	go func() {
		sides.Wait()
		close(ended)
	}()
	t.Cleanup(func() { r.Close(); <-ended })
	return outs[0], outs[1], ended
}

func same(c net.Conn) net.Conn     { return c }
func buffered(c net.Conn) net.Conn { return plain{c} }

func TestWhatOneSideSendsReachesTheOther(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"spliced": same, "buffered": buffered} {
		t.Run(name, func(t *testing.T) {
			r := newRelay(t, Limits{Circuits: 1, Idle: time.Minute, Life: time.Hour, PerDay: 1 << 30})
			a, b, over := joined(t, r, wrap, "early ")
			sent := make([]byte, 3<<20)
			rand.Read(sent)
			var both sync.WaitGroup
			for _, c := range []net.Conn{a, b} {
				both.Go(func() {
					c.Write(sent)
					c.(*net.TCPConn).CloseWrite()
				})
			}
			got := make([][]byte, 2)
			for i, c := range []net.Conn{a, b} {
				both.Go(func() {
					var err error
					if got[i], err = io.ReadAll(c); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
			if !bytes.Equal(got[0], sent) || !bytes.Equal(got[1], append([]byte("early "), sent...)) {
				t.Errorf("%d and %d bytes came", len(got[0]), len(got[1]))
			}
			<-over
			if r.Bytes() != 6<<20+6 || r.Circuits() != 0 || len(r.ofKey) != 0 || len(r.ofSource) != 0 {
				t.Errorf("%d bytes, %d circuits, %v, %v", r.Bytes(), r.Circuits(), r.ofKey, r.ofSource)
			}
		})
	}
}

func TestACircuitEndsWhenOneSideIsKilled(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"spliced": same, "buffered": buffered} {
		t.Run(name, func(t *testing.T) {
			a, b, over := joined(t, newRelay(t, DefaultLimits()), wrap, "")
			a.(*net.TCPConn).SetLinger(0)
			a.Close()
			if _, err := io.Copy(io.Discard, b); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the other side stays open")
			}
			<-over
		})
	}
}

func TestATokenIsGoodForOneSideOnce(t *testing.T) {
	r := newRelay(t, DefaultLimits())
	one, two := r.tokens(t)
	enter := func(token netproto.RelayToken, key *netproto.PublicKey) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		p, err := r.Enter(ctx, token, Whose{Key: key, Addr: netip.MustParseAddr("192.0.2.1")})
		if err == nil {
			p.Leave()
		}
		return err
	}
	if err := enter(netproto.RelayToken{9}, nil); netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Errorf("a token that somebody made up: %v", err)
	}
	if err := enter(one, &callee); netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Errorf("the token of the other side: %v", err)
	}
	if err := enter(one, &caller); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("its own token, while the other side is not there: %v", err)
	}
	var sides sync.WaitGroup
	places := make([]*Place, 2)
	for i, token := range []netproto.RelayToken{one, two} {
		sides.Go(func() {
			var err error
			if places[i], err = r.Enter(t.Context(), token, from("192.0.2.1")); err != nil {
				t.Errorf("again, after it gave up: %v", err)
			}
		})
	}
	sides.Wait()
	for _, p := range places {
		if p != nil {
			p.Leave()
		}
	}
	for _, token := range []netproto.RelayToken{one, two} {
		if err := enter(token, nil); netproto.CodeOf(err) != netproto.CodeNotFound {
			t.Errorf("after it was used: %v", err)
		}
	}
	// One side alone is never its own other side.
	one, _ = r.tokens(t)
	first := make(chan error, 1)
	go func() {
		_, err := r.Enter(t.Context(), one, from("192.0.2.1"))
		first <- err
	}()
	for r.Circuits() == 0 {
		<-time.After(time.Millisecond)
	}
	if err := enter(one, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the same token beside itself: %v", err)
	}
	if err := <-first; netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Errorf("the earlier of the two: %v", err)
	}
	if r.Circuits() != 0 {
		t.Errorf("%d circuits", r.Circuits())
	}
}

func TestATokenIsGoodForFifteenSeconds(t *testing.T) {
	r := newRelay(t, DefaultLimits())
	now := time.Now()
	r.now = func() time.Time { return now }
	one, _ := r.tokens(t)
	now = now.Add(netproto.CallLife)
	if _, err := r.Enter(t.Context(), one, from("192.0.2.1")); netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Error(err)
	}
	if len(r.offers) != 0 || len(r.oldest) != 0 {
		t.Error("it is still remembered")
	}
}

// waiting opens half of a circuit for as long as the test goes on.
func waiting(t *testing.T, r *Relay, one, two netproto.PublicKey, ip string) error {
	t.Helper()
	a, _, ok := r.Offer(one, two)
	if !ok {
		return full("nothing is offered")
	}
	before := r.Circuits()
	result, done := make(chan error, 1), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		_, err := r.Enter(ctx, a.Token, from(ip))
		result <- err
	}()
	for end := time.Now().Add(patience); r.Circuits() == before && time.Now().Before(end); {
		select {
		case err := <-result:
			return err
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func TestCircuitsAreFew(t *testing.T) {
	key := func(n byte) netproto.PublicKey { return netproto.PublicKey{n} }
	for name, c := range map[string]struct {
		limits Limits
		most   int
		open   func(r *Relay, i int) error
	}{
		"in all": {Limits{Circuits: 3}, 3, func(r *Relay, i int) error {
			return waiting(t, r, key(byte(2*i)), key(byte(2*i+1)), "192.0.2."+string(rune('1'+i)))
		}},
		"of a key": {Limits{Circuits: 9, PerKey: 2}, 2, func(r *Relay, i int) error {
			return waiting(t, r, key(99), key(byte(i)), "192.0.2."+string(rune('1'+i)))
		}},
		"of a key that is called": {Limits{Circuits: 9, PerKey: 2}, 2, func(r *Relay, i int) error {
			return waiting(t, r, key(byte(i)), key(99), "192.0.2."+string(rune('1'+i)))
		}},
		"of an address": {Limits{Circuits: 9, PerSource: 4}, 4, func(r *Relay, i int) error {
			return waiting(t, r, key(byte(2*i)), key(byte(2*i+1)), "2001:db8::"+string(rune('1'+i))) // one /64
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelay(t, c.limits)
			for i := range c.most + 2 {
				err := c.open(r, i)
				if i < c.most && err != nil || i >= c.most && netproto.CodeOf(err) != netproto.CodeFull {
					t.Errorf("circuit %d: %v", i, err)
				}
			}
			if r.Circuits() != c.most {
				t.Errorf("%d circuits", r.Circuits())
			}
		})
	}
	if _, _, ok := New(Limits{}).Offer(caller, callee); ok || New(Limits{}).On() {
		t.Error("a relay that is off offers tokens")
	}
	if why, _ := New(Limits{}).Why(caller, callee); why != netproto.RelayOff {
		t.Errorf("a relay that is off is %s", why)
	}
}

func TestAPeerHasSoManyBytesADay(t *testing.T) {
	r := newRelay(t, Limits{Circuits: 2, PerDay: 1 << 20, Idle: time.Minute})
	now := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	r.now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	a, b, over := joined(t, r, buffered, "")
	go func() {
		a.Write(make([]byte, 2<<20))
		a.Close()
	}()
	n, _ := io.Copy(io.Discard, b)
	<-over
	if n < 1<<20-step || n > 1<<20+step {
		t.Errorf("%d bytes came", n)
	}
	if _, _, ok := r.Offer(netproto.PublicKey{7}, callee); ok {
		t.Error("one of the two has none left, and may go on")
	}
	if _, _, ok := r.Offer(netproto.PublicKey{7}, netproto.PublicKey{8}); !ok {
		t.Error("others may not")
	}
	midnight := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	if why, again := r.Why(netproto.PublicKey{7}, callee); why != netproto.RelayCalleeDay || again == nil || !again.Equal(midnight) {
		t.Errorf("%s until %v", why, again)
	}
	if why, again := r.Why(caller, netproto.PublicKey{7}); why != netproto.RelayCallerDay || again == nil || !again.Equal(midnight) {
		t.Errorf("%s until %v", why, again)
	}
	if why, again := r.Why(netproto.PublicKey{7}, netproto.PublicKey{8}); why != netproto.RelayFull || again != nil {
		t.Errorf("of others %s until %v", why, again)
	}
	mu.Lock()
	now = now.Add(time.Hour)
	mu.Unlock()
	if _, _, ok := r.Offer(caller, callee); !ok {
		t.Error("the next day they still have none")
	}
}

func TestTheRateOfACircuitIsLimited(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"spliced": same, "buffered": buffered} {
		for what, limits := range map[string]Limits{"each": {Circuits: 1, Rate: 1 << 20}, "all": {Circuits: 1, Total: 1 << 20}} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				a, b, _ := joined(t, newRelay(t, limits), wrap, "")
				began := time.Now()
				go func() {
					a.Write(make([]byte, 2<<20))
					a.(*net.TCPConn).CloseWrite()
				}()
				n, err := io.Copy(io.Discard, b)
				// 256 KiB at once, and the last steps are on their way before they are paid.
				if took := time.Since(began); n != 2<<20 || err != nil || took < 1500*time.Millisecond {
					t.Errorf("%d bytes in %s: %v", n, took, err)
				}
			})
		}
	}
}

func TestACircuitThatStallsEnds(t *testing.T) {
	for name, wrap := range map[string]func(net.Conn) net.Conn{"spliced": same, "buffered": buffered} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, b, over := joined(t, newRelay(t, Limits{Circuits: 1, Idle: 200 * time.Millisecond}), wrap, "")
			if _, err := io.Copy(io.Discard, b); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("silence goes on")
			}
			<-over
		})
		t.Run(name+", nobody reads", func(t *testing.T) {
			t.Parallel()
			a, b, over := joined(t, newRelay(t, Limits{Circuits: 1, Idle: 300 * time.Millisecond}), wrap, "")
			var both sync.WaitGroup
			for _, c := range []net.Conn{a, b} {
				both.Go(func() {
					for {
						if _, err := c.Write(make([]byte, 1<<20)); err != nil {
							if errors.Is(err, os.ErrDeadlineExceeded) {
								t.Error("it may write for ever")
							}
							return
						}
					}
				})
			}
			both.Wait()
			<-over
		})
		t.Run(name+", a byte now and then", func(t *testing.T) {
			t.Parallel()
			for {
				a, b, _ := joined(t, newRelay(t, Limits{Circuits: 1, Idle: 2 * time.Second}), wrap, "")
				longest, err := trickle(a, b)
				if err == nil {
					return
				}
				if longest < time.Second { // otherwise the computer was too busy to send them in time
					t.Fatal("it ended though bytes came: ", err)
				}
			}
		})
	}
}

// trickle sends a byte now and then for 4 s, and returns the longest time without one.
func trickle(a, b net.Conn) (longest time.Duration, err error) {
	last := time.Now()
	quiet := func() time.Duration { return max(longest, time.Since(last)) }
	for range 10 {
		longest, last = quiet(), time.Now()
		a.Write([]byte("x"))
		if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
			return quiet(), err
		}
		<-time.After(400 * time.Millisecond)
	}
	return longest, nil
}

func TestACircuitEndsWithItsTime(t *testing.T) {
	a, b, over := joined(t, newRelay(t, Limits{Circuits: 1, Life: 300 * time.Millisecond, Rate: 1 << 20}), same, "")
	go func() {
		for {
			if _, err := a.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}()
	if _, err := io.Copy(io.Discard, b); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("it goes on")
	}
	<-over
}

func TestAHalfOpenCircuitEnds(t *testing.T) {
	r := newRelay(t, DefaultLimits())
	past := false
	r.now = func() time.Time { // the token was made long ago
		if past {
			return time.Now()
		}
		return time.Now().Add(-netproto.CallLife + 100*time.Millisecond)
	}
	one, _ := r.tokens(t)
	past = true
	if _, err := r.Enter(t.Context(), one, from("192.0.2.1")); netproto.CodeOf(err) != netproto.CodePeerUnreachable {
		t.Error(err)
	}
	if r.Circuits() != 0 || len(r.ofKey) != 0 || len(r.ofSource) != 0 {
		t.Error("it is still counted")
	}
}

func TestACircuitIsCut(t *testing.T) {
	r := newRelay(t, DefaultLimits())
	_, b, over := joined(t, r, same, "")
	if n := r.Cut(func(key netproto.PublicKey, _ netip.Addr) bool { return key == netproto.PublicKey{9} }); n != 0 {
		t.Errorf("%d were cut", n)
	}
	if n := r.Cut(func(_ netproto.PublicKey, addr netip.Addr) bool { return addr.String() == "192.0.2.2" }); n != 1 {
		t.Errorf("%d were cut", n)
	}
	io.Copy(io.Discard, b)
	<-over
}
