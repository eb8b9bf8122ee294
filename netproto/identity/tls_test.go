package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// meeting is what both sides know after a handshake and one message each way over a
// real connection, or why each side gave up.
type meeting struct {
	client, server       tls.ConnectionState
	clientErr, serverErr error
}

// meet lets a client and a server with these configurations meet on loopback.
func meet(t *testing.T, client, server *tls.Config) meeting {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	deadline := time.Now().Add(time.Minute)
	var m meeting
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := listener.Accept()
		if err != nil {
			m.serverErr = err
			return
		}
		conn := tls.Server(raw, server)
		defer conn.Close()
		m.server, m.serverErr = converse(conn, deadline, "hello client", "hello server")
	}()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, client)
	// The client must read to see the session ticket, and the refusal of a server
	// that decides after the client's handshake.
	m.client, m.clientErr = converse(conn, deadline, "hello server", "hello client")
	conn.Close()
	<-done
	return m
}

func converse(conn *tls.Conn, deadline time.Time, say, hear string) (tls.ConnectionState, error) {
	if err := conn.SetDeadline(deadline); err != nil {
		return tls.ConnectionState{}, err
	}
	if err := conn.Handshake(); err != nil {
		return conn.ConnectionState(), err
	}
	if _, err := conn.Write([]byte(say)); err != nil {
		return conn.ConnectionState(), err
	}
	heard := make([]byte, len(hear))
	for n := 0; n < len(heard); {
		more, err := conn.Read(heard[n:])
		if err != nil {
			return conn.ConnectionState(), err
		}
		n += more
	}
	if string(heard) != hear {
		return conn.ConnectionState(), fmt.Errorf("heard %q", heard)
	}
	return conn.ConnectionState(), nil
}

// only returns a verify function that accepts one key.
func only(want ed25519.PublicKey) func(ed25519.PublicKey) error {
	return func(key ed25519.PublicKey) error {
		if !want.Equal(key) {
			return fmt.Errorf("this is %s, not %s", netproto.FingerprintOf(key), netproto.FingerprintOf(want))
		}
		return nil
	}
}

func anyKey(ed25519.PublicKey) error { return nil }

func TestBothSidesSeeTheKeyOfTheOther(t *testing.T) {
	for _, alpn := range []string{netproto.ALPN, HTTP} {
		client, server := fresh(t), fresh(t)
		m := meet(t, client.ClientTLS(alpn, only(server.Key())), server.ServerTLS(alpn, true, only(client.Key())))
		if m.clientErr != nil || m.serverErr != nil {
			t.Fatalf("%s: %v, %v", alpn, m.clientErr, m.serverErr)
		}
		for side, c := range map[string]struct {
			state tls.ConnectionState
			want  ed25519.PublicKey
		}{"client": {m.client, server.Key()}, "server": {m.server, client.Key()}} {
			if key, err := KeyOf(c.state); err != nil || !c.want.Equal(key) {
				t.Errorf("%s: the %s sees %x, %v", alpn, side, key, err)
			}
			if c.state.Version != tls.VersionTLS13 || c.state.NegotiatedProtocol != alpn {
				t.Errorf("%s: the %s speaks %x, %q", alpn, side, c.state.Version, c.state.NegotiatedProtocol)
			}
		}
	}
}

func TestAWrongKeyIsRefused(t *testing.T) {
	client, server, other := fresh(t), fresh(t), fresh(t)
	m := meet(t, client.ClientTLS(netproto.ALPN, only(other.Key())), server.ServerTLS(netproto.ALPN, true, nil))
	refusedBy(t, "client", m.clientErr, other.Fingerprint().String())
	if m.serverErr == nil {
		t.Error("the server talks with a client that refused it")
	}
	m = meet(t, client.ClientTLS(netproto.ALPN, only(server.Key())), server.ServerTLS(netproto.ALPN, true, only(other.Key())))
	refusedBy(t, "server", m.serverErr, other.Fingerprint().String())
	if m.clientErr == nil {
		t.Error("the client talks with a server that refused it")
	}
}

// refusedBy fails unless a side gave up with an error that contains about.
func refusedBy(t *testing.T, side string, err error, about string) {
	t.Helper()
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() || !strings.Contains(err.Error(), about) {
		t.Errorf("the %s did not refuse with %q: %v", side, about, err)
	}
}

func TestAClientWithoutACertificateIsRefusedWhereOneIsDemanded(t *testing.T) {
	client, server := fresh(t), fresh(t)
	bare := client.ClientTLS(HTTP, only(server.Key()))
	bare.Certificates = nil

	m := meet(t, bare, server.ServerTLS(HTTP, true, nil))
	refusedBy(t, "server", m.serverErr, "certificate")
	if m.clientErr == nil {
		t.Error("the client talks with a server that refused it")
	}

	asked := false
	m = meet(t, bare, server.ServerTLS(HTTP, false, func(ed25519.PublicKey) error { asked = true; return nil }))
	if m.clientErr != nil || m.serverErr != nil {
		t.Errorf("where none is demanded: %v, %v", m.clientErr, m.serverErr)
	}
	if key, err := KeyOf(m.server); key != nil || err != nil || asked {
		t.Errorf("without a certificate the server sees %x, %v, and was asked: %v", key, err, asked)
	}

	m = meet(t, client.ClientTLS(HTTP, only(server.Key())), server.ServerTLS(HTTP, false, only(server.Key())))
	refusedBy(t, "server", m.serverErr, server.Fingerprint().String())
}

func TestOlderTLSIsRefused(t *testing.T) {
	client, server := fresh(t), fresh(t)
	old := client.ClientTLS(netproto.ALPN, anyKey)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	m := meet(t, old, server.ServerTLS(netproto.ALPN, true, nil))
	refusedBy(t, "server", m.serverErr, "version")
	refusedBy(t, "client", m.clientErr, "version")

	oldServer := server.ServerTLS(netproto.ALPN, true, nil)
	oldServer.MinVersion, oldServer.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	m = meet(t, client.ClientTLS(netproto.ALPN, anyKey), oldServer)
	if m.clientErr == nil || m.serverErr == nil {
		t.Errorf("TLS 1.2 of a server: %v, %v", m.clientErr, m.serverErr)
	}
}

func TestAnotherApplicationProtocolIsRefused(t *testing.T) {
	client, server := fresh(t), fresh(t)
	for _, c := range []struct {
		client, server string
		ok             bool
	}{
		{netproto.ALPN, netproto.ALPN, true},
		{HTTP, HTTP, true},
		{"", HTTP, true}, // some HTTP clients name none
		{"", netproto.ALPN, false},
		{netproto.ALPN, HTTP, false},
		{HTTP, netproto.ALPN, false},
		{"cp2p/2", netproto.ALPN, false},
	} {
		config := client.ClientTLS(c.client, anyKey)
		if c.client == "" {
			config = client.ClientTLS(HTTP, anyKey)
			config.NextProtos = nil
		}
		m := meet(t, config, server.ServerTLS(c.server, true, nil))
		if ok := m.clientErr == nil && m.serverErr == nil; ok != c.ok {
			t.Errorf("client %q, server %q: %v, %v", c.client, c.server, m.clientErr, m.serverErr)
		}
	}
	// A server that names no protocol is not a peer.
	silent := server.ServerTLS(netproto.ALPN, true, nil)
	silent.NextProtos, silent.VerifyConnection = nil, nil
	m := meet(t, client.ClientTLS(netproto.ALPN, anyKey), silent)
	refusedBy(t, "client", m.clientErr, netproto.ALPN)
}

// certificate returns a self-signed certificate of any key, valid between two times.
func certificate(t *testing.T, key crypto.Signer, from, to time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "anything"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestKeysOfAnotherKindAreRefused(t *testing.T) {
	client, server := fresh(t), fresh(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for kind, key := range map[string]crypto.Signer{"rsa": rsaKey, "ecdsa": ecdsaKey} {
		foreign := []tls.Certificate{certificate(t, key, now.Add(-time.Hour), now.Add(time.Hour))}

		config := client.ClientTLS(netproto.ALPN, anyKey)
		config.Certificates = foreign
		for _, demand := range []bool{true, false} {
			m := meet(t, config, server.ServerTLS(netproto.ALPN, demand, nil))
			refusedBy(t, "server", m.serverErr, kind+".PublicKey")
		}

		listening := server.ServerTLS(netproto.ALPN, true, nil)
		listening.Certificates = foreign
		m := meet(t, client.ClientTLS(netproto.ALPN, anyKey), listening)
		refusedBy(t, "client", m.clientErr, kind+".PublicKey")
	}
}

func TestDatesAndNamesInACertificateMeanNothing(t *testing.T) {
	client, server := fresh(t), fresh(t)
	now := time.Now()
	for when, span := range map[string][2]time.Time{
		"expired":   {now.Add(-48 * time.Hour), now.Add(-24 * time.Hour)},
		"of future": {now.Add(24 * time.Hour), now.Add(48 * time.Hour)},
	} {
		dialling := client.ClientTLS(netproto.ALPN, only(server.Key()))
		dialling.Certificates = []tls.Certificate{certificate(t, client.key, span[0], span[1])}
		dialling.ServerName = "tracker.example"
		listening := server.ServerTLS(netproto.ALPN, true, only(client.Key()))
		listening.Certificates = []tls.Certificate{certificate(t, server.key, span[0], span[1])}
		if m := meet(t, dialling, listening); m.clientErr != nil || m.serverErr != nil {
			t.Errorf("%s: %v, %v", when, m.clientErr, m.serverErr)
		}
	}
}

// TestACertificateWithoutItsPrivateKeyIsWorthNothing shows somebody else's
// certificate, which everybody who ever met its owner has.
func TestACertificateWithoutItsPrivateKeyIsWorthNothing(t *testing.T) {
	client, server, victim := fresh(t), fresh(t), fresh(t)
	thief := client.ClientTLS(netproto.ALPN, anyKey)
	thief.Certificates = []tls.Certificate{{Certificate: victim.cert.Certificate, PrivateKey: client.key}}
	m := meet(t, thief, server.ServerTLS(netproto.ALPN, true, only(victim.Key())))
	if m.serverErr == nil {
		t.Error("the server took a client for the owner of a certificate it only copied")
	}
	fake := client.ServerTLS(netproto.ALPN, true, nil)
	fake.Certificates = thief.Certificates
	m = meet(t, server.ClientTLS(netproto.ALPN, only(victim.Key())), fake)
	if m.clientErr == nil {
		t.Error("the client took a server for the owner of a certificate it only copied")
	}
}

func TestVerifyConnectionIsWhatVerifies(t *testing.T) {
	id := fresh(t)
	for side, config := range map[string]*tls.Config{
		"client": id.ClientTLS(netproto.ALPN, anyKey),
		"server": id.ServerTLS(netproto.ALPN, true, nil),
	} {
		if config.VerifyConnection == nil || config.VerifyPeerCertificate != nil {
			t.Errorf("the %s does not verify in VerifyConnection", side)
		}
		if config.MinVersion != tls.VersionTLS13 || !config.SessionTicketsDisabled || config.RootCAs != nil || config.ClientCAs != nil {
			t.Errorf("the %s: %+v", side, config)
		}
	}
}

// TestAResumedSessionIsVerifiedAgain switches resumption on, which our
// configurations leave off: even then a key that was let in once is judged again.
func TestAResumedSessionIsVerifiedAgain(t *testing.T) {
	client, server := fresh(t), fresh(t)
	banned, seen := false, 0
	judge := func(key ed25519.PublicKey) error {
		seen++
		if banned {
			return errors.New("this key was banned meanwhile")
		}
		return only(client.Key())(key)
	}
	dialling := client.ClientTLS(netproto.ALPN, only(server.Key()))
	dialling.ServerName = "resume"
	dialling.SessionTicketsDisabled = false
	dialling.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	listening := server.ServerTLS(netproto.ALPN, true, judge)
	listening.SessionTicketsDisabled = false

	for _, resumed := range []bool{false, true} {
		m := meet(t, dialling, listening)
		if m.clientErr != nil || m.serverErr != nil || m.server.DidResume != resumed {
			t.Fatalf("resumed %v: %v, %v, %v", resumed, m.server.DidResume, m.clientErr, m.serverErr)
		}
		if key, err := KeyOf(m.server); err != nil || !client.Key().Equal(key) {
			t.Errorf("resumed %v: the server sees %x, %v", resumed, key, err)
		}
	}
	banned = true
	m := meet(t, dialling, listening)
	refusedBy(t, "server", m.serverErr, "banned")
	if seen != 3 {
		t.Errorf("the server judged %d of 3 connections", seen)
	}
	// The client judges the server again as well.
	banned = false
	dialling.VerifyConnection = client.ClientTLS(netproto.ALPN, only(client.Key())).VerifyConnection
	m = meet(t, dialling, listening)
	refusedBy(t, "client", m.clientErr, client.Fingerprint().String())
}

func TestOurOwnConfigurationsDoNotResume(t *testing.T) {
	client, server := fresh(t), fresh(t)
	dialling := client.ClientTLS(netproto.ALPN, only(server.Key()))
	dialling.ServerName = "resume"
	dialling.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	listening := server.ServerTLS(netproto.ALPN, true, nil)
	for range 3 {
		if m := meet(t, dialling, listening); m.clientErr != nil || m.serverErr != nil || m.client.DidResume {
			t.Errorf("%v, %v, %v", m.client.DidResume, m.clientErr, m.serverErr)
		}
	}
}

// Dates in certificates mean nothing: a computer whose clock is wrong meets others.
func TestPeersMeetWhateverTheirClocksSay(t *testing.T) {
	a, b := fresh(t), fresh(t)
	for _, year := range []int{1900, 1970, 2016, 2036, 2200} {
		clock := func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
		right := func(ed25519.PublicKey) error { return nil }
		server, client := a.ServerTLS("cp2p/1", true, right), b.ClientTLS("cp2p/1", right)
		server.Time = clock
		one, other := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- tls.Server(one, server).HandshakeContext(t.Context()) }()
		if err := tls.Client(other, client).HandshakeContext(t.Context()); err != nil {
			t.Errorf("with the listener in %d: %v", year, err)
		}
		if err := <-done; err != nil {
			t.Errorf("in %d: %v", year, err)
		}
		one.Close()
		other.Close()
	}
}
