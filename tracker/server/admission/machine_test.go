package admission

import (
	"testing"

	"centralizedp2p/netproto"
)

func TestTheMemoryOfTheComputerIsRead(t *testing.T) {
	for info, want := range map[string]int64{
		"MemTotal:       24683520 kB\nMemFree: 1 kB\n": 24683520 << 10, "MemFree: 1 kB\n": 0, "MemTotal: many kB\n": 0, "": 0,
	} {
		if got := memTotal([]byte(info)); got != want {
			t.Errorf("%q: %d", info, got)
		}
	}
	if machineMemory() <= 0 {
		t.Error("this computer has no memory")
	}
}

func TestConnectionsAndBodiesFitIntoTheMemory(t *testing.T) {
	l := DefaultLimits()
	l.Memory = 256 << 20
	small := l.within()
	if taken := l.StoreMemory() + int64(small.Connections)*connectionBytes + 3*small.BodyBytes; taken > l.Memory || small.Connections < 1000 {
		t.Errorf("%d bytes of %d, %d connections", taken, l.Memory, small.Connections)
	}
	l.Memory = 64 << 20
	if least := l.within(); least.Connections < 64 || least.BodyBytes < netproto.MaxBodyBytes {
		t.Errorf("%+v", least)
	}
	l.Memory = 64 << 30
	if large := l.within(); large != l {
		t.Errorf("%+v", large)
	}
	if none := (Limits{}).within(); none != (Limits{}) {
		t.Errorf("%+v", none)
	}
}
