package boltstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBoltstoreKeepsTheContractOfAStore(t *testing.T) {
	storetest.Run(t, boltstore.Open)
}
