//go:build unix

package pgstore

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/store"
	"centralizedp2p/tracker/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// schemas gives each file of the contract a schema of its own; one with a backup gets
// what is in it.
type schemas struct {
	t      *testing.T
	server *pgtest.Server
	mu     sync.Mutex
	of     map[string]string // by file
}

func (s *schemas) open(file string, c store.Config) (store.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	address, known := s.of[file]
	if !known {
		address = s.server.Schema(s.t)
		s.of[file] = address
		if _, err := os.Stat(file); err == nil {
			if err := Import(s.t.Context(), file, address); err != nil {
				return nil, err
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return Open(address, c)
}

func TestPgstoreKeepsTheContractOfAStore(t *testing.T) {
	s := &schemas{t: t, server: pgtest.Start(t), of: map[string]string{}}
	storetest.Run(t, s.open)
}
