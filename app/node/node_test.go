package node_test

import (
	"log/slog"
	"net"
	"testing"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

func TestAProfileKeepsItsPort(t *testing.T) {
	profile := t.TempDir()
	n := openNode(t, node.Options{Profile: profile, SeedClients: netproto.SeedOff})
	port := n.Engine.Port()
	check(t, n.Close())
	n = openNode(t, node.Options{Profile: profile, SeedClients: netproto.SeedOff})
	if again := n.Engine.Port(); again != port {
		t.Errorf("after a restart it listens on %d, not on %d", again, port)
	}
	_, err := node.Open(t.Context(), node.Options{Profile: profile, Log: slog.New(slog.DiscardHandler)})
	refused(t, err, netproto.CodeProfileInUse)
	check(t, n.Close())

	taken, err := net.Listen("tcp", peer.ListenAddress(port))
	check(t, err)
	defer taken.Close()
	n = openNode(t, node.Options{Profile: profile, SeedClients: netproto.SeedOff})
	if other := n.Engine.Port(); other == port || other == 0 {
		t.Errorf("while its port is taken it listens on %d", other)
	}
	settings, err := n.Library.Settings()
	check(t, err)
	if settings.ListenPort != port {
		t.Errorf("the saved port is %d now, not %d", settings.ListenPort, port)
	}
}

func TestAPortThatIsNamedMustBeFree(t *testing.T) {
	first := openNode(t, node.Options{SeedClients: netproto.SeedOff})
	port := first.Engine.Port()
	profile := t.TempDir()
	_, err := node.Open(t.Context(), node.Options{Profile: profile, Listen: &port, Log: slog.New(slog.DiscardHandler)})
	refused(t, err, netproto.CodePortInUse)
	l, err := library.Open(profile) // which was given back
	check(t, err)
	check(t, l.Close())
}

func TestSettingsThatNeedATakenPortChangeNothing(t *testing.T) {
	first, second := openNode(t, node.Options{SeedClients: netproto.SeedOff}), openNode(t, node.Options{SeedClients: netproto.SeedOff})
	settings, err := second.Library.Settings()
	check(t, err)
	before := second.Engine.Port()
	settings.ListenPort = first.Engine.Port()
	refused(t, second.Apply(settings), netproto.CodePortInUse)
	if port := second.Engine.Port(); port != before {
		t.Errorf("it listens on %d, not on %d", port, before)
	}
	settings.ListenPort = 0
	check(t, second.Apply(settings))
	if port := second.Engine.Port(); port != before {
		t.Errorf("it listens on %d, not on %d", port, before)
	}
}

func TestAStartIsTheFirstUntilItsQuestionsAreAnswered(t *testing.T) {
	profile := t.TempDir()
	for i, want := range []bool{true, true, false} {
		n := openNode(t, node.Options{Profile: profile, SeedClients: netproto.SeedOff})
		if first, err := n.FirstStart(); err != nil || first != want {
			t.Errorf("the first start: %t, %v, not %t", first, err, want)
		}
		if i == 1 {
			settings, err := n.Library.Settings()
			check(t, err)
			settings.Started = true
			check(t, n.Library.SaveSettings(settings))
		}
		check(t, n.Close())
	}
}

func TestANodeCanBeClosedAgain(t *testing.T) {
	n := openNode(t, node.Options{SeedClients: netproto.SeedOff})
	check(t, n.Close())
	if err := n.Close(); err != nil {
		t.Errorf("the second time: %v", err)
	}
}
