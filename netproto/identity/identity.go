// Package identity is the one mechanism of trust: an ed25519 key for each
// installation, a self-signed certificate of it, and TLS 1.3 in which both sides
// show theirs and are known by their key alone.
package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/netproto/readfile"
)

const (
	pemType    = "PRIVATE KEY"
	maxKeyFile = 64 << 10 // bytes; one has about 200
)

const restoreKey = "restore it from a backup, or remove it to start with a new identity"

// checkWord begins the line before the key in its file, which says the fingerprint. A
// key with one wrong bit is another key, and all who know the installation would take
// it for another one. Readers of PEM skip what comes before (RFC 7468 §2).
const checkWord = "CentralizedP2P "

// HTTP is the application protocol for connections to a tracker. Some HTTP clients
// name none, which means the same.
const HTTP = "http/1.1"

// Identity is a private key and the certificate that shows it.
type Identity struct {
	key  ed25519.PrivateKey
	cert tls.Certificate
}

// LoadOrCreate reads the key in the file (PKCS#8, PEM), or creates one there with
// mode 0600. A damaged file is an error and never replaced: without its key, an
// installation loses the name under which others know it.
func LoadOrCreate(file string) (*Identity, error) {
	raw, err := readKey(file)
	if errors.Is(err, os.ErrNotExist) {
		return create(file)
	}
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeStore, "the key file %s: %w", file, err)
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != pemType {
		return nil, netproto.Errorf(netproto.CodeStore, "the key file %s is damaged: "+restoreKey, file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeStore,
			"the key file %s is damaged: "+restoreKey+": %w", file, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, netproto.Errorf(netproto.CodeStore, "the key file %s holds a %T instead of an ed25519 key: "+restoreKey, file, parsed)
	}
	if said, checked := bytes.CutPrefix(raw, []byte(checkWord)); checked {
		said, _, _ = bytes.Cut(said, []byte("\n"))
		if is := netproto.FingerprintOf(key.Public().(ed25519.PublicKey)).String(); string(bytes.TrimSpace(said)) != is {
			return nil, netproto.Errorf(netproto.CodeStore,
				"the key file %s is damaged: its first line says that its key is %q, and it is %s: "+restoreKey,
				file, said, is)
		}
	}
	return New(key)
}

// readKey reads a key file. Programs that start at once do not get into each other's
// way: Windows would refuse to remove or rename a file that is read.
func readKey(file string) ([]byte, error) {
	f, err := readfile.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxKeyFile))
}

// Marshal returns the private key as Parse reads it (PKCS#8, DER).
func (id *Identity) Marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(id.key) }

// Parse returns the identity that Marshal wrote.
func Parse(der []byte) (*Identity, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeStore, "it is no private key: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, netproto.Errorf(netproto.CodeStore, "it is a %T instead of an ed25519 key", parsed)
	}
	return New(key)
}

// create writes a new key completely or not at all: two programs that start at once
// end up with the same one.
func create(file string) (*Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := fmt.Appendf(nil, "%s%s\n", checkWord, netproto.FingerprintOf(key.Public().(ed25519.PublicKey)))
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})...)
	if err := writeNew(file, text); err != nil {
		if errors.Is(err, os.ErrExist) {
			return LoadOrCreate(file)
		}
		return nil, netproto.Errorf(netproto.CodeStore, "the key file %s: %w", file, err)
	}
	return New(key)
}

func writeNew(file string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), file); err != nil {
		if errors.Is(err, os.ErrExist) {
			return err
		}
		return durable.Rename(tmp.Name(), file) // the file system has no hard links
	}
	return durable.SyncFolder(filepath.Dir(file)) // whoever sees the key will know this installation by it
}

// New returns the identity of a key.
func New(key ed25519.PrivateKey) (*Identity, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "centralizedp2p"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280 §4.1.2.5: no expiry
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate: %w", err)
	}
	return &Identity{key: key, cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// Key returns the public key.
func (id *Identity) Key() ed25519.PublicKey { return id.key.Public().(ed25519.PublicKey) }

// PeerID returns the id that follows from the key.
func (id *Identity) PeerID() netproto.PeerID { return netproto.PeerIDOf(id.Key()) }

// Fingerprint returns the fingerprint of the key.
func (id *Identity) Fingerprint() netproto.Fingerprint { return netproto.FingerprintOf(id.Key()) }

// ServerTLS returns the configuration of a listener. With demand it refuses clients
// without a certificate; otherwise verify sees nil as their key. verify sees the key
// of each connection, including resumed ones, and may refuse it; a nil verify
// accepts every key.
func (id *Identity) ServerTLS(alpn string, demand bool, verify func(ed25519.PublicKey) error) *tls.Config {
	config := id.config(alpn, func(key ed25519.PublicKey) error {
		switch {
		case key == nil && demand:
			return errors.New("the client shows no certificate")
		case key == nil || verify == nil:
			return nil
		}
		return verify(key)
	})
	config.ClientAuth = tls.RequestClientCert
	if demand {
		config.ClientAuth = tls.RequireAnyClientCert
	}
	return config
}

// ClientTLS returns the configuration of a dialler; verify sees the server's key and
// decides.
func (id *Identity) ClientTLS(alpn string, verify func(ed25519.PublicKey) error) *tls.Config {
	config := id.config(alpn, func(key ed25519.PublicKey) error {
		if key == nil {
			return errors.New("the server shows no certificate")
		}
		return verify(key)
	})
	config.InsecureSkipVerify = true // no authorities: VerifyConnection pins the key
	return config
}

// config verifies in VerifyConnection because, unlike VerifyPeerCertificate, it also
// runs for resumed sessions.
func (id *Identity) config(alpn string, verify func(ed25519.PublicKey) error) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{id.cert},
		NextProtos:             []string{alpn},
		SessionTicketsDisabled: true,
		// Small first records help browsers paint early; here they only cost time.
		DynamicRecordSizingDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if p := state.NegotiatedProtocol; p != alpn && (p != "" || alpn != HTTP) {
				return fmt.Errorf("the other side speaks %q, not %q", state.NegotiatedProtocol, alpn)
			}
			key, err := KeyOf(state)
			if err != nil {
				return err
			}
			return verify(key)
		},
	}
}

// KeyOf returns the key that the other side proved in its handshake, or nil if it
// showed no certificate.
func KeyOf(state tls.ConnectionState) (ed25519.PublicKey, error) {
	if len(state.PeerCertificates) == 0 {
		return nil, nil
	}
	key, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the other side's key is a %T instead of an ed25519 key", state.PeerCertificates[0].PublicKey)
	}
	return key, nil
}
