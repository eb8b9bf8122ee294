package boltstore

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(victimFile); file != "" {
		victim(file)
		return
	}
	goleak.VerifyTestMain(m)
}
