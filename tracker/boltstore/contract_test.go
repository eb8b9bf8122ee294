package boltstore_test

import (
	"testing"

	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/storetest"
)

func TestBoltstoreKeepsTheContractOfAStore(t *testing.T) {
	storetest.Run(t, boltstore.Open)
}
