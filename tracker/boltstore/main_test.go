package boltstore

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"centralizedp2p/netproto/fliptest"
	"centralizedp2p/tracker/store"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(victimFile); file != "" {
		victim(file)
		return
	}
	if fliptest.Main(reopen) {
		return
	}
	if file := os.Getenv(emptied); file != "" {
		s, err := open(file, store.Config{})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		s.Close()
		return
	}
	goleak.VerifyTestMain(m)
}
