package netproto

// The seed is the Python program that this one grew out of. Its clients speak plain
// HTTP on the tracker's port, and to a peer one UDP datagram each way.
const (
	RouteSeedResource  = "/resource"
	RouteSeedHeartbeat = "/heartbeat"

	// SeedMaxBytes is the most that a seed peer sends of a file: one datagram.
	SeedMaxBytes = 10_240
	// SeedMaxRequest bounds the path in a request datagram, in bytes.
	SeedMaxRequest = 4096 + 1 + MaxNameBytes
)

// SeedEnvelope is every answer of the seed's routes. Data is a string, which may
// hold JSON again, or for refused fields an object.
type SeedEnvelope struct {
	Success bool `json:"success"`
	Data    any  `json:"data"`
}

// SeedResource is a row of the seed's list: who serves which file. Its fields are
// in the order of the wire.
type SeedResource struct {
	PeerIP       string `json:"peer_ip"`       // IPv4
	PeerPort     int    `json:"peer_port"`     // UDP
	ResourcePath string `json:"resource_path"` // the folder, as its peer named it
	ResourceName string `json:"resource_name"`
	ResourceHash string `json:"resource_hash"` // MD5 in hex; 64 digits are our content hash, which seed peers cannot use
}

// SeedRegistration is the body of the seed's POST /resource.
type SeedRegistration struct {
	PeerID string `json:"peer_id"`
	SeedResource
}

// SeedQuery is the body of the seed's GET /resource.
type SeedQuery struct {
	ResourceName string `json:"resource_name,omitempty"`
}

// SeedHeartbeat is the body of the seed's POST /heartbeat.
type SeedHeartbeat struct {
	PeerID string `json:"peer_id"`
}

// SeedPolicy says which seed clients are served; they are not authenticated.
type SeedPolicy string

// The policies of --seed-clients.
const (
	SeedOff  SeedPolicy = "off"  // nowhere
	SeedLAN  SeedPolicy = "lan"  // loopback and private addresses
	SeedOpen SeedPolicy = "open" // everywhere
)

// ParseSeedPolicy reads off, lan or open.
func ParseSeedPolicy(s string) (SeedPolicy, error) {
	switch p := SeedPolicy(s); p {
	case SeedOff, SeedLAN, SeedOpen:
		return p, nil
	}
	return "", Errorf(CodeInvalid, "seed clients are served off, lan or open, not %q", s)
}
