package netproto

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

var (
	goldenPeer = uuid.MustParse("cdb8fa1c-0000-8000-8000-000000000001")
	goldenTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	goldenHit  = Hit{Hash: countingHash(), Name: "song.flac", Size: 30 << 20, MIME: "audio/flac", Sources: 2, Added: goldenTime}
)

// goldenBodies says what the files in testdata/rest mean.
var goldenBodies = map[string]any{
	"problem":          ProblemOf(Errorf(CodeInvalid, "limit is 1 to 200, not 0")),
	"problem-internal": ProblemOf(Errorf(CodeInternal, "for the log only")),
	"tracker-info": TrackerInfo{
		Name: "Home", Fingerprint: Fingerprint(countingHash()), Version: "0.1.0", SeedClients: SeedLAN,
		HeartbeatSeconds: 30, LeaseSeconds: 90, Limits: Limits{Announce: MaxAnnounce, Page: MaxPage, ResourcesPerPeer: 100_000},
	},
	"join-request":          JoinRequest{Name: "Zoë", Port: 40404, SeedPort: 3000, Candidates: []string{"192.168.1.2:40404", "[fd00::1]:40404"}},
	"join-request-least":    JoinRequest{Port: 40404},
	"join-request-invited":  JoinRequest{Port: 40404, Invite: goldenInvite},
	"join-request-unlisted": JoinRequest{Port: 40404, Unlisted: true},
	"join-response": JoinResponse{
		PeerID: goldenPeer, ObservedAddress: "203.0.113.9:40404", Reachable: ReachableUnknown,
		HeartbeatSeconds: 30, LeaseSeconds: 90, Count: 2, Digest: 0xff,
	},
	"join-response-notes": JoinResponse{PeerID: goldenPeer, ObservedAddress: "203.0.113.9:40404", Reachable: ReachableUnknown, HeartbeatSeconds: 30, LeaseSeconds: 90, Notes: 2},
	"heartbeat-request":   HeartbeatRequest{Count: 3, Digest: 0xfedcba9876543210},
	"heartbeat-response": HeartbeatResponse{
		Status: HeartbeatResync, Reachable: ReachableYes,
		Stats: &Stats{PeersOnline: 2, PeersKnown: 3, Resources: 4, Bytes: 1<<53 + 1, SeedPeers: 1},
	},
	"heartbeat-response-notes": HeartbeatResponse{Status: HeartbeatOK, Reachable: ReachableUnknown, Notes: 2},
	"heartbeat-response-near":  HeartbeatResponse{Status: HeartbeatOK, Reachable: ReachableUnknown, TrackerAt: "share.example:5000"},
	"heartbeat-response-least": HeartbeatResponse{Status: HeartbeatOK, Reachable: ReachableUnknown},
	"announce-request": AnnounceRequest{Reset: true, Resources: []Resource{
		{Hash: countingHash(), Size: 30 << 20, Name: "song.flac", MIME: "audio/flac"},
		{Hash: repeated(0xff), Size: 1024, Name: "Photos", MIME: FolderMIME, Folder: true},
		{Hash: repeated(0xee), Size: 12, Name: "note.txt", Part: true, MD5: "d41d8cd98f00b204e9800998ecf8427e"},
	}},
	"announce-request-hidden": AnnounceRequest{Resources: []Resource{{Hash: countingHash(), Size: 12, Name: "note.txt", Hidden: true}}},
	"people-response": PeopleResponse{Items: []Person{
		{PeerID: goldenPeer, Key: PublicKey(countingHash()), Name: "Zoë", Online: true, Resources: 3, Bytes: 1<<53 + 1},
		{PeerID: goldenPeer, Key: PublicKey(countingHash()), LastSeen: goldenTime},
	}, Next: "c29uZw"},
	"people-response-empty": PeopleResponse{Items: []Person{}},
	"note-request":          NoteRequest{Note: []byte("sealed")},
	"note-response":         NoteResponse{ID: NoteID(goldenInvite), Told: true},
	"note-response-least":   NoteResponse{ID: NoteID(goldenInvite)},
	"notes-response":        NotesResponse{Notes: []SealedNote{{ID: NoteID(goldenInvite), From: goldenPeer, Left: goldenTime, Note: []byte("sealed")}}},
	"search-response-owners": SearchResponse{Items: []Hit{{Hash: countingHash(), Name: "song.flac", Sources: 2, Added: goldenTime,
		Owners: Owners{{PeerID: goldenPeer, Name: "Zoë"}, {PeerID: goldenPeer}}}}},
	"announce-response":     AnnounceResponse{Accepted: 2, Refused: []Refusal{{Index: 2, Code: CodeInvalid, Detail: "the name is empty"}}},
	"withdraw-request":      WithdrawRequest{Hashes: []ContentHash{countingHash(), repeated(0xff)}},
	"withdraw-response":     WithdrawResponse{Removed: 2},
	"search-response":       SearchResponse{Items: []Hit{goldenHit, {Hash: countingHash(), Name: "Photos", Size: 1024, MIME: FolderMIME, Folder: true, Sources: 1, Added: goldenTime}}, Next: "c29uZw"},
	"search-response-empty": SearchResponse{Items: []Hit{}},
	"search-response-best": SearchResponse{Items: []Hit{{Hash: countingHash(), Name: "song.flac", Sources: 1, Added: goldenTime, Match: MatchStart}},
		Corrected: "song", Filtered: true},
	"wishes-request":              WishesRequest{Wishes: []Wish{{ID: 1, Words: "song", Type: KindAudio, MinSize: 1, MaxSize: 1 << 40, Owner: goldenPeer}, {ID: 2, Hash: countingHash()}}},
	"wishes-response":             WishesResponse{Wishes: 2, Found: []Find{{Number: 3, Wish: 1, Hit: goldenHit}}},
	"search-response-suggestions": SearchResponse{Items: []Hit{}, Suggestions: []string{"song.flac"}},
	"search-response-offline":     SearchResponse{Items: []Hit{{Hash: countingHash(), Name: "song.flac", Size: 31457280, Added: goldenTime, LastSeen: goldenTime}}},
	"resource-response":           ResourceResponse{Hit: goldenHit, Names: []string{"song.flac", "Song (live).flac"}},
	"resource-response-peers": ResourceResponse{Hit: goldenHit, Names: []string{"song.flac"}, Peers: []Source{
		{PeerID: goldenPeer, Key: PublicKey(countingHash()), Addresses: []string{"203.0.113.9:40404"}},
	}},
	"resource-response-peerless": ResourceResponse{Hit: goldenHit, Names: []string{"song.flac"}, Peers: []Source{}},
	"sources-response": SourcesResponse{Sources: []Source{
		{PeerID: goldenPeer, Key: PublicKey(countingHash()), Name: "Zoë", Addresses: []string{"203.0.113.9:40404", "192.168.1.2:40404"}},
		{PeerID: goldenPeer, Key: PublicKey(countingHash()), Addresses: []string{":40404"}, Part: true},
	}},
	"stats": Stats{PeersOnline: 2, PeersKnown: 3, Resources: 4, Bytes: 1<<53 + 1, SeedPeers: 1},
}

var goldenSeedRow = SeedResource{
	PeerIP: "127.0.0.1", PeerPort: 3000, ResourcePath: "./tests", ResourceName: "test.csv",
	ResourceHash: "d41d8cd98f00b204e9800998ecf8427e",
}

// goldenSeedBodies says what the files in testdata/seed mean.
var goldenSeedBodies = map[string]any{
	"registration":   SeedRegistration{PeerID: "6fa459ea-ee8a-3ca4-894e-db77e160355e", SeedResource: goldenSeedRow},
	"resource":       goldenSeedRow,
	"query":          SeedQuery{ResourceName: "test.csv"},
	"query-all":      SeedQuery{},
	"heartbeat":      SeedHeartbeat{PeerID: "6fa459ea-ee8a-3ca4-894e-db77e160355e"},
	"envelope-empty": SeedEnvelope{Success: true, Data: "[]"},
	"envelope-list": SeedEnvelope{Success: true, Data: `[{"peer_ip": "127.0.0.1", "peer_port": 3000, "resource_path": "./tests", ` +
		`"resource_name": "test.csv", "resource_hash": "d41d8cd98f00b204e9800998ecf8427e"}]`},
	"envelope-refused": SeedEnvelope{Data: map[string]any{
		"peer_ip": []any{"Not a valid IPv4 address."}, "x": []any{"Unknown field."},
	}},
}

func TestBodiesAreExactlyTheirGoldenJSON(t *testing.T) {
	for folder, bodies := range map[string]map[string]any{"rest": goldenBodies, "seed": goldenSeedBodies} {
		files := golden(t, folder)
		if names := slices.Sorted(maps.Keys(files)); !slices.Equal(names, slices.Sorted(maps.Keys(bodies))) {
			t.Fatalf("the golden files in %s are %q", folder, names)
		}
		for name, want := range bodies {
			var text bytes.Buffer
			encoder := json.NewEncoder(&text)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(files[name]), text.String()); diff != "" {
				t.Errorf("%s is written differently (-want +got):\n%s", name, diff)
			}
			got := reflect.New(reflect.TypeOf(want))
			decoder := json.NewDecoder(bytes.NewReader(files[name]))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(got.Interface()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want, got.Elem().Interface()); diff != "" {
				t.Errorf("%s is read differently (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestIdentifiersThatAreDamagedDoNotPassJSON(t *testing.T) {
	for _, c := range []struct {
		into any
		text string
	}{
		{new(ContentHash), `"00"`},
		{new(ContentHash), `""`},
		{new(ContentHash), `7`},
		{new(Fingerprint), `"abc"`},
		{new(Fingerprint), `"` + strings.Repeat("1", 52) + `"`},
		{new(PublicKey), `"00"`},
		{new(PublicKey), `"` + strings.Repeat("g", 64) + `"`},
		{new(Digest), `"123"`},
		{new(Digest), `"000000000000000g"`},
		{new(Digest), `"+000000000000001"`},
		{new(Digest), `255`},
		{new(PeerID), `"not an id"`},
	} {
		if err := json.Unmarshal([]byte(c.text), c.into); err == nil {
			t.Errorf("%s was read as a %T", c.text, c.into)
		}
	}
}

func TestOwnersAreAsManyAsTheyAre(t *testing.T) {
	one := Owner{PeerID: goldenPeer, Name: "Zoë"}
	text, err := json.Marshal([]Owner{one, one, one, one})
	if err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]int{"[]": 0, "null": 0, string(text): MaxOwners, `[{"name":"nobody"},` + string(text[1:]): 0} {
		owners := Owners{one, one, one}
		if err := json.Unmarshal([]byte(list), &owners); err != nil || len(owners.List()) != want || owners != (Owners{}) && want == 0 {
			t.Errorf("%s is read as %+v, %v", list, owners, err)
		}
	}
	if text, err := json.Marshal(Hit{}); err != nil || bytes.Contains(text, []byte("owners")) {
		t.Errorf("a hit without owners is %s, %v", text, err)
	}
}

func TestAnUnknownFingerprintIsAnEmptyString(t *testing.T) {
	text, err := json.Marshal(TrackerInfo{})
	if err != nil || !bytes.Contains(text, []byte(`"fingerprint":""`)) {
		t.Fatalf("%s, %v", text, err)
	}
	read := TrackerInfo{Fingerprint: Fingerprint(countingHash())}
	if err := json.Unmarshal(text, &read); err != nil || !read.Fingerprint.IsZero() {
		t.Errorf("%+v, %v", read, err)
	}
}

// TestTheRESTAPIIsPinned fails if a route or a limit changes.
func TestTheRESTAPIIsPinned(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"routes", []string{
			RouteTracker, RouteSelf, RouteHeartbeat, RouteResources, RouteResource, RouteSources,
			RoutePeerResources, RouteStats, RouteHealth, RouteReady, RouteSeedResource, RouteSeedHeartbeat,
			RoutePeers, RoutePeer, RoutePeerNotes, RouteNotes, RouteNote, RouteWishes,
		}, []string{
			"/v1/tracker", "/v1/peers/self", "/v1/heartbeat", "/v1/resources", "/v1/resources/{hash}", "/v1/resources/{hash}/peers",
			"/v1/peers/{id}/resources", "/v1/stats", "/healthz", "/readyz", "/resource", "/heartbeat",
			"/v1/peers", "/v1/peers/{id}", "/v1/peers/{id}/notes", "/v1/notes", "/v1/notes/{id}", "/v1/wishes",
		}},
		{"limits", []int{
			MaxAnnounce, MaxPage, DefaultPage, MaxQueryBytes, MaxQueryTerms, MaxBodyBytes, MaxCandidates, MaxPeerName, MaxMIMEBytes, MaxCursorBytes,
		}, []int{1000, 200, 50, 512, 16, 1 << 20, 8, 64, 127, 1024}},
		{"limits of notes", []int{
			MaxNoteBytes, MaxNoteText, MaxNotesWaiting, MaxNotesPair, MaxNotesReceiver, MaxNotesSender, MaxNotesMinute, MaxNotesHour,
			MaxNoteItems, MaxNoteMessage, MaxOwners, int(NoteLife / time.Hour),
		}, []int{8192, 8048, 32, 4, 256 << 10, 64, 10, 60, 100, 1024, 3, 7 * 24}},
		{"limits of wishes", []int{MaxWishes, MaxWishesWait, LeastWishWord}, []int{50, 20, 3}},
		{"matches", []Match{MatchWhole, MatchStart, MatchOrder, MatchWords}, []Match{1, 2, 3, 4}},
		{"leases", []time.Duration{DefaultHeartbeat, LeaseHeartbeats * DefaultHeartbeat, SeedLease}, []time.Duration{30 * time.Second, 90 * time.Second, 20 * time.Second}},
		{"words", []any{
			ReachableYes, ReachableNo, ReachableUnknown, HeartbeatOK, HeartbeatJoin, HeartbeatResync,
			SortSources, SortName, SortSize, SortNewest, SortBest, OrderAscending, OrderDescending, SeedOff, SeedLAN, SeedOpen, MediaTypeProblem,
		}, []any{
			Reachability("yes"), Reachability("no"), Reachability("unknown"), HeartbeatStatus("ok"), HeartbeatStatus("join"), HeartbeatStatus("resync"),
			Sort("sources"), Sort("name"), Sort("size"), Sort("newest"), Sort("best"), Order("asc"), Order("desc"), SeedPolicy("off"), SeedPolicy("lan"), SeedPolicy("open"), "application/problem+json",
		}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("the %s changed (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestThePackageCommentNamesEveryRoute(t *testing.T) {
	page, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range []string{
		RouteTracker, RouteSelf, RouteHeartbeat, RouteResources, RouteResource, RouteSources,
		RoutePeerResources, RouteStats, RouteHealth, RouteReady, RouteSeedResource, RouteSeedHeartbeat,
		RoutePeers, RoutePeer, RoutePeerNotes, RouteNotes, RouteNote, RouteWishes,
	} {
		if !regexp.MustCompile(`[ (]` + regexp.QuoteMeta(route) + `[ ,;?)]`).Match(page) {
			t.Errorf("%s is missing on the one page about the wire", route)
		}
	}
}

func TestAnAnnounceOfTheLargestResourcesFitsABody(t *testing.T) {
	request := AnnounceRequest{Reset: true, Resources: make([]Resource, MaxAnnounce)}
	for i := range request.Resources {
		request.Resources[i] = Resource{
			Hash: repeated(0xff), Size: MaxContentSize, Name: strings.Repeat("é", MaxNameBytes/2),
			MIME: strings.Repeat("x", MaxMIMEBytes), Folder: true, Part: true, MD5: strings.Repeat("f", 32), Hidden: true,
		}
	}
	body, err := json.Marshal(request)
	if err != nil || len(body) > MaxBodyBytes {
		t.Errorf("%d bytes, %d are allowed (%v)", len(body), MaxBodyBytes, err)
	}
}

func TestOnlyTheThreeSeedPoliciesAreRead(t *testing.T) {
	for _, want := range []SeedPolicy{SeedOff, SeedLAN, SeedOpen} {
		if got, err := ParseSeedPolicy(string(want)); err != nil || got != want {
			t.Errorf("ParseSeedPolicy(%q) = %q, %v", want, got, err)
		}
	}
	for _, s := range []string{"", "on", "LAN", "lan "} {
		if got, err := ParseSeedPolicy(s); CodeOf(err) != CodeInvalid || got != "" {
			t.Errorf("ParseSeedPolicy(%q) = %q, %v", s, got, err)
		}
	}
}
