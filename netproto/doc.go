// Package netproto is the language that trackers and peers speak: identifiers,
// REST bodies and routes, error codes, socket frames, links and safe names. It
// knows no sockets and no files: readers and values go in, values come out. The
// whole wire on one page:
//
// # Who is who
//
// An installation is an ed25519 key. Its peer id is a UUID of version 8 made
// from the public key ([PeerIDOf]); its [Fingerprint] is the key's SHA-256. All
// of version 1 runs in TLS 1.3 with a self-signed certificate on both sides,
// pinned by key (package identity); names, dates and authorities in certificates
// mean nothing. A content is named by its BLAKE3-256 ([ContentHash]), so nobody
// has to trust the peer that sends it.
//
// # Peer to tracker: REST on one TCP port
//
// A connection whose first byte is 0x16 is TLS and speaks version 1; any other
// is plain HTTP and speaks the seed's two routes. Bodies are JSON; an error is
// a [Problem] (RFC 9457) with a [Code].
//
//	PUT    /v1/peers/self                      join; JoinRequest → JoinResponse
//	POST   /v1/heartbeat                       HeartbeatRequest → HeartbeatResponse
//	DELETE /v1/peers/self                      leave now → 204
//	POST   /v1/resources                       AnnounceRequest → AnnounceResponse
//	DELETE /v1/resources                       WithdrawRequest → WithdrawResponse
//	GET    /v1/resources?q=&type=&min_size=&max_size=&offline=&sort=&order=&limit=&cursor=   → SearchResponse
//	GET    /v1/resources/{hash}?peers=         → ResourceResponse
//	GET    /v1/resources/{hash}/peers          → SourcesResponse
//	GET    /v1/peers?q=&limit=&cursor=         → PeopleResponse
//	GET    /v1/peers/{id}                      → Person
//	GET    /v1/peers/{id}/resources?limit=&cursor=   → SearchResponse
//	POST   /v1/peers/{id}/notes                NoteRequest → NoteResponse
//	GET    /v1/notes                           → NotesResponse
//	DELETE /v1/notes/{id}                      I have it → 204
//	GET    /v1/tracker                         → TrackerInfo
//	GET    /v1/stats                           → Stats
//	GET    /v1/line                            becomes a line: frames u16 length | JSON, LineFrame
//	POST   /v1/calls                           CallRequest → CallResponse
//	GET    /v1/relay/{token}                   becomes a relay: bytes
//	GET    /healthz, /readyz                   → 200 or 503, for machines
//	GET    /, /metrics, /openapi.yaml          a page for people, metrics for Prometheus, this table in detail
//
// A peer joins, announces what it shares, and sends heartbeats with the count and
// the [Digest] of what it announced. The answer says ok, join (the lease is over)
// or resync (announce again: the tracker holds something else), and brings the
// tracker's [Stats]. A heartbeat may also bring counts of the [Ways] to other peers. When a peer's lease of three heartbeats ends, its resources
// are hidden, not deleted: a join that finds the same count and digest needs no
// announce.
//
// A body is strict JSON: UTF-8, no member named twice or in another case, no half
// of a surrogate pair, nothing after it; unknown members are ignored. A peer that
// hits a limit gets "too-many-requests" or "full" with Retry-After in seconds, and
// keeps its lease with heartbeats meanwhile. The tracker dials back to where it
// saw the peer and says whether the peer answered ([Reachability]): a TLS
// handshake with ALPN "cp2p/1" and nothing more.
//
// The q of a search is words in any order, all of which must occur in a name;
// "a phrase", spaces included; -word, which must not occur; and type:kind. Case
// does not matter, nor do accents of Latin, Greek and Cyrillic letters. A term of one or two characters must start the name or a word
// in it. There are at most [MaxQueryTerms] words and phrases. A search that would
// cost a tracker too much ends its page early, with a cursor. In the order [SortBest]
// each hit says its [Match]; a search that finds little may come with its text corrected.
//
// # Wishes
//
// A search can go on: a peer leaves its wishes (PUT /v1/wishes, [Wish]), which the
// tracker keeps as long as the lease and compares with what others announce. It tells the
// peer that something fits at once over its line ([WishesWaiting]) and with each
// heartbeat; GET /v1/wishes has what it is ([Find]). After a join the peer leaves its
// wishes again. What is hidden fits no wish.
//
// # People
//
// A peer is a person for the others, unless it joins as unlisted: then it is in no
// list of people and named as owner of nothing. Whoever knows its id still reaches it.
// A resource that is announced as hidden is for those who know its hash: it has
// sources and can be called for, but it is in no search, list, count or seed route.
//
// "NAME sends you 3 files" is a [Note], sealed to the key of its receiver
// (package identity), so the tracker passes on what it cannot read. The tracker
// tells the receiver that notes wait: at once over its line ([NotesWaiting]), and
// with the answers to a join and to each heartbeat. It keeps a note over restarts, until the receiver confirms it
// or [NoteLife] is over, within the limits beside the routes. The files are fetched
// as any others are, by their hashes.
//
// # Ways to a peer
//
// Most peers sit behind a router that lets no connection in. Such a peer holds a
// line to each tracker, dialled from its listening port; its heartbeats travel
// there. To reach it, another peer asks the tracker for a call: the tracker rings
// the callee over its line ([Ring]) and tells both the addresses at which it sees
// the other; both dial from their listening ports until one connection stands.
// That is a reverse connection and a TCP hole punch in one. If nothing comes of
// it, both connect to the tracker's relay with their one-time tokens, either
// through GET /v1/relay/{token} or, cheaper, with [RawRelay] as the first byte on
// the tracker's port. In every case the caller is the TLS client and the callee
// the TLS server of a session pinned end to end, so a relay is a cable.
//
// No address in a call or a ring is one that a peer wrote: the tracker has seen it,
// with the port of the line or the port that the peer claims. A peer is called only
// for a content that it announced.
//
// # Peer to peer: frames in TLS over TCP
//
// ALPN is "cp2p/1". A frame is u32 length | u8 type | payload, big-endian; the
// constants of [FrameType] document the payloads. Each side says hello; the client of
// TLS does so with the end of the handshake and goes on without waiting for the other's
// hello, so what it opens, and gets, travels in the same flight. After its hello each may
// read from the other:
//
//	reader                              owner
//	open  stream 1, hash, size?, manifest? →
//	                                  ← manifest  stream 1, size, chaining values (once or in parts)
//	                                  ← have      stream 1, bit field
//	get   stream 1, request 7, piece 3, offset 0, length →
//	get   … many in flight              ← data    request 7, bytes (as often as it takes)
//	                                  ← update    stream 1, pieces the owner has received meanwhile
//	                                  ← refuse    stream, request, code (queued at place n, gone, denied, busy)
//	cancel request 7 →
//	close stream 1 →
//
// A reader may get pieces in the flight in which it opens the stream, of the size that
// trackers say; the answer comes after the manifest, and a size that was wrong is refused
// as "denied", or the bytes are of no use.
//
// Three optional frames serve the swarm, the peers that read one content at the
// same time. "peers" goes either way: it names the sender's port and the others
// that read or have the content ([Peers]); a reader sends it after open, an owner
// when somebody new arrives. Its addresses may be wrong or malicious: the engine
// decides which ones it dials, and how often. "fetching" tells readers which pieces
// an unfinished owner has requested from a whole source, so that they request
// others there. "turn" ends the wait of a reader in the owner's queue. A fourth one,
// "attributes", follows the answer to the opening of a folder's list: the times and
// the executable bits of its files ([Attribute]). A fifth one, "meet", asks an owner that
// was called for one more connection ([Meet]).
//
// The manifest of a content is the list of its pieces' BLAKE3 chaining values.
// Folding them must give the content hash, so each piece can be verified alone.
// [PieceSize] is the same on both sides. A content of one piece has no list: its
// hash is the content hash. A folder is a content whose bytes list its files
// ([ParseFolder]). No path is ever sent: a peer can only be asked for a hash that
// it shares.
//
// # Seed clients
//
// The Python program that this one grew out of speaks plain HTTP (GET and POST
// /resource, POST /heartbeat; every answer is a [SeedEnvelope]) and one UDP
// datagram each way: the request is resource_path/resource_name, the answer the
// first 10,240 bytes of the file. Seed clients are offered files of at most that
// size with their MD5 and the path "<content hash>"; larger ones are listed by
// name with the content hash.
//
// # Links
//
//	cp2p://HOST:PORT/HASH?name=…&size=…&tracker=FINGERPRINT&invite=TOKEN
//
// Without a hash, a link is an invitation to the tracker. A private tracker
// requires the token of an invitation ([Invite]) in the first join of a key; until
// then it answers that key only GET /v1/tracker, and "invite-required" to anything
// else.
//
// # Nodes
//
// A tracker may have several nodes with one key, whose addresses [TrackerInfo] names. A
// peer uses any of them. One that is without its database answers "store-away", and one
// that does only searches, or none ([IsList]), answers "wrong-node" to the rest: another
// node is asked then. The token of a relay is good at every node that can pass the
// connection on to the one that made it.
package netproto
