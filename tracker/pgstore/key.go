package pgstore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/jackc/pgx/v5"

	"centralizedp2p/netproto"
)

// The tracker's key is kept sealed: whoever reads the database, or a backup of it, must not
// be able to pose as the tracker. The row "key" of cp2p_meta has the base64 of
//
//	16 bytes salt | 12 bytes nonce | the key under AES-256-GCM
//
// with a key of PBKDF2-HMAC-SHA256 from the operator's secret and the salt.
const (
	saltBytes = 16
	// stretches makes each guess of a secret that a person chose cost a quarter of a second;
	// it is the number that OWASP asks for with SHA-256.
	stretches = 600_000
)

func sealer(secret, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, string(secret), salt, stretches, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func sealKey(secret, key []byte) (string, error) {
	sealed := make([]byte, saltBytes)
	rand.Read(sealed) // never fails
	aead, err := sealer(secret, sealed)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	sealed = append(sealed, nonce...)
	return base64.StdEncoding.EncodeToString(aead.Seal(sealed, nonce, key, nil)), nil
}

var errOtherSecret = netproto.Errorf(netproto.CodeUsage, "the key that it keeps was sealed with another secret: give all nodes the same --key-secret")

func openKey(secret []byte, text string) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) < saltBytes {
		return nil, netproto.Errorf(netproto.CodeStore, "the key that it keeps is damaged")
	}
	aead, err := sealer(secret, sealed[:saltBytes])
	if err != nil {
		return nil, err
	}
	sealed = sealed[saltBytes:]
	if len(sealed) < aead.NonceSize() {
		return nil, netproto.Errorf(netproto.CodeStore, "the key that it keeps is damaged")
	}
	key, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	if err != nil {
		return nil, errOtherSecret
	}
	return key, nil
}

// Key is of store.Keyed. Of nodes that start at once, one keeps its key, and all have it.
func (s *Store) Key(ctx context.Context, secret []byte, make func() ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	kept := func() (text string, err error) {
		err = s.pool.QueryRow(ctx, "select value from cp2p_meta where name = 'key'").Scan(&text)
		return text, err
	}
	text, err := kept()
	if errors.Is(err, pgx.ErrNoRows) {
		fresh, bad := make()
		if bad != nil {
			return nil, bad
		}
		sealed, bad := sealKey(secret, fresh)
		if bad != nil {
			return nil, bad
		}
		if _, err := s.pool.Exec(ctx, "insert into cp2p_meta (name, value) values ('key', $1) on conflict do nothing", sealed); err != nil {
			return nil, explain(s.address, err)
		}
		text, err = kept()
	}
	var key []byte
	if err == nil {
		key, err = openKey(secret, text)
	}
	if err != nil {
		return nil, explain(s.address, err)
	}
	return key, nil
}
