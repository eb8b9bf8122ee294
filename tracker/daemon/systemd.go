package daemon

import (
	"io"
	"net"
	"strconv"
	"strings"
	"text/template"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/admission"
)

// These lines are in every unit that this program writes.
const (
	// UnitStart says when a service starts.
	UnitStart = `Wants=network-online.target
After=network-online.target`
	// UnitRun says how a service runs and ends.
	UnitRun = `ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2
TimeoutStopSec=30
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes`
	// UnitHardening keeps a service of the whole system from everything but the network
	// and the folders that the unit names. Homes and capabilities are up to the unit.
	UnitHardening = `DynamicUser=yes
StateDirectoryMode=0700
ProtectSystem=strict
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
RemoveIPC=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
# Netlink is how a program asks for its own addresses.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM`
)

// unitTemplate grants a tracker what it needs and no more: its own folder, the
// network, and the right to a port below 1024 only if it listens on one.
var unitTemplate = template.Must(template.New("unit").Parse(`# /etc/systemd/system/centralizedp2p-tracker.service
[Unit]
Description=Tracker of CentralizedP2P
` + UnitStart + `

[Service]
ExecStart={{.Command}}
# Settings: the flags' names as CP2P_NAME=value, for example CP2P_SEED_CLIENTS=off
EnvironmentFile=-/etc/centralizedp2p-tracker.env
` + UnitRun + `
TasksMax=512
# If something goes wrong, it takes the tracker along and not the computer.
MemoryMax={{.Memory}}
StateDirectory=centralizedp2p-tracker
{{- if .LowPort}}
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
{{- else}}
AmbientCapabilities=
CapabilityBoundingSet=
PrivateUsers=yes
{{- end}}
ProtectHome=yes
ProcSubset=pid
MemoryDenyWriteExecute=yes
` + UnitHardening + `
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
`))

// WriteSystemdUnit writes a hardened unit for a tracker. command is the program,
// the subcommand that runs the tracker, and the flags that were given; systemd
// creates the data folder. It returns netproto.CodeUsage if Listen has no fixed
// port or command cannot stand in a unit.
func (o Options) WriteSystemdUnit(w io.Writer, command []string) error {
	low := false
	for _, listen := range o.Listens() {
		if listen == SystemdSockets {
			continue
		}
		_, port, err := net.SplitHostPort(listen)
		if err != nil {
			return netproto.Errorf(netproto.CodeUsage, "--listen is [HOST]:PORT, for example :5000, not %q", listen)
		}
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return netproto.Errorf(netproto.CodeUsage, "a service needs a fixed port: --listen [HOST]:PORT with a number from 1 to 65535, not %q", listen)
		}
		low = low || number < 1024
	}
	line, err := UnitCommand(command)
	if err != nil {
		return err
	}
	return unitTemplate.Execute(w, struct {
		Command string
		LowPort bool
		Memory  string
	}{line + " --data %S/centralizedp2p-tracker", low, o.memoryMax()})
}

// memoryMax returns the MemoryMax of a unit: a quarter more than the tracker aims at
// if that was chosen, otherwise a share of the computer that runs it.
func (o Options) memoryMax() string {
	if o.Limits.Memory == 0 || o.Limits.Memory == admission.DefaultLimits().Memory {
		return "75%"
	}
	return strconv.FormatInt(o.Limits.Memory/4*5, 10)
}

// UnitCommand returns a command line as it stands in a unit; netproto.CodeUsage if it
// cannot.
func UnitCommand(words []string) (string, error) {
	var quoted []string
	for _, word := range words {
		if netproto.Printable(word) != word {
			return "", netproto.Errorf(netproto.CodeUsage, "a unit cannot hold the invisible characters in %q", word)
		}
		quoted = append(quoted, unitWord(word))
	}
	return strings.Join(quoted, " "), nil
}

// unitWord quotes a word of a command line for a unit (systemd.service(5),
// "Command lines").
func unitWord(word string) string {
	word = strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`).Replace(word)
	if word == "" || strings.ContainsAny(word, " ;'\"") {
		return `"` + word + `"`
	}
	return word
}
