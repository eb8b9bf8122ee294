package daemon_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/daemon"
)

func TestTheSystemdUnitIsHardenedAndHoldsTheCommand(t *testing.T) {
	o := daemon.DefaultOptions()
	o.Listen = ":5001"
	var unit bytes.Buffer
	if err := o.WriteSystemdUnit(&unit, []string{"/opt/my app/tracker", "--name", `50% "$HOME" \`, "--listen", ":5001"}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`ExecStart="/opt/my app/tracker" --name "50%% \"$$HOME\" \\" --listen :5001 --data %S/centralizedp2p-tracker`,
		"ExecReload=/bin/kill -HUP $MAINPID", "DynamicUser=yes", "StateDirectory=centralizedp2p-tracker", "ProtectSystem=strict", "NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes",
		"CapabilityBoundingSet=", "AmbientCapabilities=", "SystemCallFilter=@system-service", "LimitNOFILE=65536", "TasksMax=512", "MemoryMax=75%",
	} {
		if !strings.Contains(unit.String(), "\n"+line+"\n") {
			t.Errorf("the unit lacks %q:\n%s", line, unit.String())
		}
	}
	o.Listen, o.Limits.Memory = "[::]:443", 1<<30
	unit.Reset()
	if err := o.WriteSystemdUnit(&unit, []string{"/usr/bin/tracker"}); err != nil || !strings.Contains(unit.String(), "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n") || !strings.Contains(unit.String(), "\nMemoryMax=1342177280\n") || strings.Contains(unit.String(), "PrivateUsers=yes") {
		t.Errorf("%v:\n%s", err, unit.String())
	}
	for _, listen := range []string{"", ":0", ":http", "5000"} {
		o.Listen = listen
		if err := o.WriteSystemdUnit(io.Discard, []string{"/usr/bin/tracker"}); netproto.CodeOf(err) != netproto.CodeUsage {
			t.Errorf("%q: %v", listen, err)
		}
	}
	if err := daemon.DefaultOptions().WriteSystemdUnit(io.Discard, []string{"/usr/bin/tracker", "--name", "a\nUser=root"}); netproto.CodeOf(err) != netproto.CodeUsage {
		t.Errorf("a line more: %v", err)
	}
}

// If systemd is installed, it has the last word about the unit.
func TestSystemdUnderstandsTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("this computer has no systemd to ask")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var unit bytes.Buffer
	if err := daemon.DefaultOptions().WriteSystemdUnit(&unit, []string{self, "--name", `a 50% "$HOME" \`}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "centralizedp2p-tracker.service")
	if err := os.WriteFile(file, unit.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	if said, err := exec.CommandContext(ctx, analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || bytes.Contains(said, []byte("centralizedp2p-tracker.service:")) {
		t.Errorf("%v: %s", err, said)
	}
}
