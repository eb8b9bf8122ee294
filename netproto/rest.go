package netproto

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Routes of version 1 of the REST API. {hash} is a content hash, {id} a peer id.
const (
	RouteTracker       = "/v1/tracker"
	RouteSelf          = "/v1/peers/self"
	RouteHeartbeat     = "/v1/heartbeat"
	RouteResources     = "/v1/resources"
	RouteResource      = "/v1/resources/{hash}"
	RouteSources       = "/v1/resources/{hash}/peers"
	RoutePeerResources = "/v1/peers/{id}/resources"
	RouteStats         = "/v1/stats"
	RouteHealth        = "/healthz"
	RouteReady         = "/readyz"
)

// IsList reports whether a request is for a search or a list, by its method and its path or
// route. A tracker of several nodes may have some for these, and others for everything else;
// a node answers what it does not do with CodeWrongNode.
func IsList(method, path string) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	ofPeer := strings.HasPrefix(path, RoutePeers+"/") && strings.HasSuffix(path, "/resources")
	return ofPeer || path == RouteResources || path == RoutePeers || path == RouteStats
}

// Limits of the REST API.
const (
	MaxAnnounce    = 1000    // resources in one announce or withdraw
	MaxPage        = 200     // hits in one page of a search
	DefaultPage    = 50      // if the request does not say
	MaxQueryBytes  = 512     // of search text
	MaxQueryTerms  = 16      // words and phrases in it
	MaxBodyBytes   = 1 << 20 // of any request
	MaxCandidates  = 8       // LAN addresses of one peer
	MaxPeerName    = 64      // bytes of a display name
	MaxMIMEBytes   = 127     // of a media type (RFC 6838 §4.2)
	MaxCursorBytes = 1024
	MaxSuggestions = 5 // names suggested if a search finds nothing
	MaxAddresses   = 8 // of one tracker

	// DefaultHeartbeat is how often a peer renews its lease unless the tracker
	// says otherwise; a lease is three heartbeats.
	DefaultHeartbeat = 30 * time.Second
	LeaseHeartbeats  = 3
	// SeedLease is how long a seed client counts as online after its last sign of
	// life.
	SeedLease = 20 * time.Second
)

// MediaTypeProblem is the content type of an error (RFC 9457).
const MediaTypeProblem = "application/problem+json"

// Problem is the body of every error on v1.
type Problem struct {
	Type   string `json:"type"` // always "about:blank"
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   Code   `json:"code"`
}

// ProblemOf returns the body for an error. It never carries the cause. The detail may
// quote what somebody sent: what cannot be seen in it is escaped. For an internal failure
// (status 500) it carries no detail: what went wrong inside belongs in the sender's log.
func ProblemOf(err *Error) Problem {
	p := Problem{Type: "about:blank", Title: err.Code.What(), Status: err.Code.Status(), Detail: Printable(err.Detail), Code: err.Code}
	if p.Status == http.StatusInternalServerError {
		p.Detail = ""
	}
	return p
}

// TrackerInfo answers GET /v1/tracker.
type TrackerInfo struct {
	Name             string      `json:"name"`
	Fingerprint      Fingerprint `json:"fingerprint"`
	Version          string      `json:"version"`
	SeedClients      SeedPolicy  `json:"seed_clients"`
	HeartbeatSeconds int         `json:"heartbeat_seconds"`
	LeaseSeconds     int         `json:"lease_seconds"`
	Limits           Limits      `json:"limits"`

	// Addresses are all HOST:PORT at which peers find the tracker, if its owner named
	// several: those of nodes that share one database and one key, for instance.
	Addresses []string `json:"addresses,omitempty"`

	Ports []int `json:"ports,omitempty"` // TCP, all that this tracker listens on
	Line  bool  `json:"line,omitempty"`  // it keeps lines and arranges calls
	Relay bool  `json:"relay,omitempty"` // it relays what no call brings together

	Wishes bool `json:"wishes,omitempty"` // it keeps wishes
}

// Limits are the limits a client must stay within.
type Limits struct {
	Announce         int `json:"announce"`           // resources in one announce
	Page             int `json:"page"`               // hits in one page
	ResourcesPerPeer int `json:"resources_per_peer"` // resources of one key
}

// JoinRequest is the body of PUT /v1/peers/self.
type JoinRequest struct {
	Name       string   `json:"name"`                  // display name
	Port       int      `json:"port"`                  // TCP, on which the peer listens
	MappedPort int      `json:"mapped_port,omitempty"` // that the peer's router passes on to Port; 0 if it does not
	SeedPort   int      `json:"seed_port,omitempty"`   // UDP, for seed clients; 0 if they are not served
	Candidates []string `json:"candidates,omitempty"`  // private ip:port, for peers behind the same public address
	Invite     Invite   `json:"invite,omitzero"`       // token of an invite link, for a private tracker
	Unlisted   bool     `json:"unlisted,omitempty"`    // in no list of people, and named as owner of nothing
}

// JoinResponse answers PUT /v1/peers/self.
type JoinResponse struct {
	PeerID           PeerID       `json:"peer_id"`
	ObservedAddress  string       `json:"observed_address"` // ip:port given to others
	Reachable        Reachability `json:"reachable"`
	HeartbeatSeconds int          `json:"heartbeat_seconds"`
	LeaseSeconds     int          `json:"lease_seconds"`
	Count            int          `json:"count"`                // resources that the tracker still holds for this peer
	Digest           Digest       `json:"digest"`               // of them
	Line             bool         `json:"line,omitempty"`       // the peer may keep a line to this tracker
	Notes            int          `json:"notes,omitempty"`      // that wait at GET /v1/notes
	TrackerAt        string       `json:"tracker_at,omitempty"` // as in HeartbeatResponse
}

// Reachability is the result of the tracker's dial back to a peer.
type Reachability string

// The three answers.
const (
	ReachableYes     Reachability = "yes"
	ReachableNo      Reachability = "no"
	ReachableUnknown Reachability = "unknown"
)

// Digest is the XOR of the first 8 bytes, big-endian, of all distinct hashes that a
// peer announced. Its text is 16 hexadecimal digits.
type Digest uint64

// Toggle adds a hash to the digest, or removes it.
func (d Digest) Toggle(h ContentHash) Digest {
	var v uint64
	for _, b := range h[:8] {
		v = v<<8 | uint64(b)
	}
	return d ^ Digest(v)
}

func (d Digest) String() string { return fmt.Sprintf("%016x", uint64(d)) }

// MarshalText makes a digest a JSON string: JSON numbers hold only 53 bits.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 16 hexadecimal digits.
func (d *Digest) UnmarshalText(text []byte) error {
	var raw [8]byte
	if len(text) != 16 {
		return fmt.Errorf("a digest has 16 hexadecimal digits, this one has %d characters", len(text))
	}
	if _, err := hex.Decode(raw[:], text); err != nil {
		return fmt.Errorf("a digest has only hexadecimal digits: %w", err)
	}
	*d = 0
	for _, b := range raw {
		*d = *d<<8 | Digest(b)
	}
	return nil
}

// HeartbeatRequest is the body of POST /v1/heartbeat.
type HeartbeatRequest struct {
	Count  int    `json:"count"`  // distinct hashes the peer announced, as it sees them
	Digest Digest `json:"digest"` // of them
	Ways   *Ways  `json:"ways,omitempty"`
}

// Ways says how often a peer connected to another one since its last heartbeat, by how
// that came about, and how often no way led there. A tracker only adds them up.
type Ways struct {
	Direct  int `json:"direct,omitempty"`  // to a public address
	Mapped  int `json:"mapped,omitempty"`  // to a port that the other's router passes on
	Called  int `json:"called,omitempty"`  // a tracker rang it
	Relayed int `json:"relayed,omitempty"` // a tracker passes the bytes on
	None    int `json:"none,omitempty"`
}

// MaxWays bounds each number of [Ways]; more count as many.
const MaxWays = 1000

// HeartbeatStatus tells a peer what to do.
type HeartbeatStatus string

// The three answers.
const (
	HeartbeatOK     HeartbeatStatus = "ok"
	HeartbeatJoin   HeartbeatStatus = "join"   // unknown peer or lease over: join, then compare count and digest
	HeartbeatResync HeartbeatStatus = "resync" // lease renewed, but the holdings differ: announce again
)

// HeartbeatResponse answers POST /v1/heartbeat.
type HeartbeatResponse struct {
	Status    HeartbeatStatus `json:"status"`
	Reachable Reachability    `json:"reachable"`

	// Stats are the tracker's counts, so that a peer need not ask for them
	// separately. Older trackers omit them, and any tracker may if it cannot count.
	Stats *Stats `json:"stats,omitempty"`

	Notes  int `json:"notes,omitempty"`  // that wait at GET /v1/notes
	Wishes int `json:"wishes,omitempty"` // finds that wait at GET /v1/wishes

	// TrackerAt is the HOST:PORT at which others reach the tracker. It is for peers of
	// its own network, whose links would lead nowhere else; others know it.
	TrackerAt string `json:"tracker_at,omitempty"`
}

// Resource is what one peer says about one content.
type Resource struct {
	Hash   ContentHash `json:"hash"`
	Size   int64       `json:"size"` // bytes; of a folder, all of its files
	Name   string      `json:"name"` // passes CheckName
	MIME   string      `json:"mime,omitempty"`
	Folder bool        `json:"folder,omitempty"` // the content is a folder (see FolderEntry)
	Part   bool        `json:"part,omitempty"`   // the peer has only some pieces
	MD5    string      `json:"md5,omitempty"`    // hex; for seed clients, of contents of at most SeedMaxBytes

	// Hidden resources are for those who know the hash: their sources are found and
	// can be called, but they are in no search, list, count or seed route.
	Hidden bool `json:"hidden,omitempty"`
}

// AnnounceRequest is the body of POST /v1/resources. The first batch of a resync
// sets Reset, which withdraws everything the batch does not name.
type AnnounceRequest struct {
	Reset     bool       `json:"reset,omitempty"`
	Resources []Resource `json:"resources"`
}

// AnnounceResponse answers POST /v1/resources. The tracker does not hold what it
// refused.
type AnnounceResponse struct {
	Accepted int       `json:"accepted"`
	Refused  []Refusal `json:"refused,omitempty"`
}

// Refusal says why a resource of a batch was not accepted.
type Refusal struct {
	Index  int    `json:"index"` // in the batch
	Code   Code   `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// WithdrawRequest is the body of DELETE /v1/resources.
type WithdrawRequest struct {
	Hashes []ContentHash `json:"hashes"`
}

// WithdrawResponse answers DELETE /v1/resources.
type WithdrawResponse struct {
	Removed int `json:"removed"`
}

// Sort is the order of search hits; every order ends with the hash.
type Sort string

// The orders.
const (
	SortSources Sort = "sources" // most online sources first, then name
	SortName    Sort = "name"
	SortSize    Sort = "size"   // largest first
	SortNewest  Sort = "newest" // first announced last
	SortBest    Sort = "best"   // the best Match first, then as SortSources
)

// Match says how well a name fits the words of a search: the smaller, the better.
type Match int

// The matches. Where many names have all words, a tracker does not tell MatchOrder from
// MatchWords.
const (
	MatchWhole Match = 1 // the words are the whole name, except for its extension
	MatchStart Match = 2 // the name starts with the words, in order
	MatchOrder Match = 3 // the name has the words in order
	MatchWords Match = 4 // the name has the words
)

// Order is the direction of a sort. Without one, names ascend, and everything else
// descends.
type Order string

// The two directions.
const (
	OrderAscending  Order = "asc"
	OrderDescending Order = "desc"
)

// Reverses reports whether a sort goes the other way than it does by itself.
func (o Order) Reverses(s Sort) bool {
	return o == OrderDescending && s == SortName || o == OrderAscending && s != SortName
}

// SearchRequest is the query of GET /v1/resources. Zero values do not restrict.
type SearchRequest struct {
	Words            string // q
	Type             string // type
	MinSize, MaxSize int64  // min_size, max_size; bytes
	Sort             Sort   // sort
	Order            Order  // order
	Limit            int    // limit; 1 to MaxPage
	Cursor           string // cursor; Next of the page before
	Offline          bool   // offline=true; also find contents without an online source

	Owner        PeerID    // owner; only what this online peer shares
	Since, Until time.Time // since, until; first announced then or later, and before
}

// Fits reports whether a hit fits the owner and the times of a request, as far as it
// tells.
func (r SearchRequest) Fits(h Hit) bool {
	if !r.Since.IsZero() && h.Added.Before(r.Since) || !r.Until.IsZero() && !h.Added.Before(r.Until) {
		return false
	}
	return r.Owner == PeerID{} || slices.ContainsFunc(h.Owners[:], func(o Owner) bool { return o.PeerID == r.Owner })
}

// Hit is one content among the answers of a search.
type Hit struct {
	Hash    ContentHash `json:"hash"`
	Name    string      `json:"name"`
	Size    int64       `json:"size"`
	MIME    string      `json:"mime,omitempty"`
	Folder  bool        `json:"folder,omitempty"`
	Sources int         `json:"sources"` // online now, including those with a part, without those that hide it
	Added   time.Time   `json:"added"`   // first announced to this tracker

	// LastSeen is when the last source went offline, if none is online.
	LastSeen time.Time `json:"last_seen,omitzero"`

	// Owners are some of the online sources, without unlisted ones.
	Owners Owners `json:"owners,omitzero"`

	Match Match `json:"match,omitempty"` // in the order SortBest
}

// SearchResponse answers GET /v1/resources.
type SearchResponse struct {
	Items []Hit  `json:"items"`
	Next  string `json:"next,omitempty"` // cursor of the next page, even after a page with few hits or none; empty at the end

	// Suggestions are at most MaxSuggestions names within one typing error, if
	// nothing was found.
	Suggestions []string `json:"suggestions,omitempty"`

	// Corrected is the text of the search with one word spelled as names have it, at most
	// two typing errors away, if nothing was found.
	Corrected string `json:"corrected,omitempty"`

	// Filtered says that the tracker heeded owner, since and until; older ones do not know
	// them.
	Filtered bool `json:"filtered,omitempty"`
}

// ResourceResponse answers GET /v1/resources/{hash}.
type ResourceResponse struct {
	Hit
	Names []string `json:"names"` // in use by online sources

	// Peers are the sources, as SourcesResponse has them, if peers=true asks for them;
	// older trackers do not know that.
	Peers []Source `json:"peers,omitzero"`
}

// Source is a peer that has a content, whole or in part. An address with an empty
// host (":4000") means the tracker's own host, as the reader knows it.
type Source struct {
	PeerID    PeerID    `json:"peer_id"`
	Key       PublicKey `json:"key"`
	Name      string    `json:"name,omitempty"`
	Addresses []string  `json:"addresses"` // ip:port, the likeliest first
	Part      bool      `json:"part,omitempty"`

	Reach    Reachability `json:"reach,omitempty"`    // what the tracker's dial back found
	Mapped   bool         `json:"mapped,omitempty"`   // its router passes the port on
	Callable bool         `json:"callable,omitempty"` // it has a line, so it can be called
}

// Merge returns what two trackers know of one peer. One that reached it knows more than
// one that did not.
func (s Source) Merge(other Source) Source {
	s.Part = s.Part && other.Part
	s.Mapped, s.Callable = s.Mapped || other.Mapped, s.Callable || other.Callable
	if s.Reach != ReachableYes && (other.Reach == ReachableYes || other.Reach == ReachableNo) {
		s.Reach = other.Reach
	}
	s.Addresses = slices.Clone(s.Addresses)
	for _, address := range other.Addresses {
		if !slices.Contains(s.Addresses, address) {
			s.Addresses = append(s.Addresses, address)
		}
	}
	return s
}

// SourcesResponse answers GET /v1/resources/{hash}/peers.
type SourcesResponse struct {
	Sources []Source `json:"sources"`
}

// Stats answers GET /v1/stats.
type Stats struct {
	PeersOnline int   `json:"peers_online"`
	PeersKnown  int   `json:"peers_known"`
	Resources   int   `json:"resources"` // distinct contents with an online source
	Bytes       int64 `json:"bytes"`     // of these contents
	SeedPeers   int   `json:"seed_peers"`
}

// PublicKey is a raw ed25519 public key. Its text is 64 hexadecimal digits.
type PublicKey [32]byte

// MarshalText makes a key a JSON string.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(k[:])), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (k *PublicKey) UnmarshalText(text []byte) error {
	if len(text) != 2*len(k) {
		return fmt.Errorf("a public key has 64 hexadecimal digits, this one has %d characters", len(text))
	}
	_, err := hex.Decode(k[:], text)
	return err
}
