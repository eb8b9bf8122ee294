package boltstore

import (
	"encoding/binary"

	"centralizedp2p/tracker/store"
)

// The buckets and their contents. Every value but the schema is of package record, and
// sealed (netproto/sealed): a hash with a wrong bit is never believed.
//
// Keys are consecutive numbers, not hashes: new entries land side by side at the
// end of the file's tree, which makes announces 10 times faster.
var (
	bucketMeta  = []byte("meta")  // "schema" → decimal number
	bucketPeers = []byte("peers") // u32 peer number → record.AppendPeer
	bucketRows  = []byte("res")   // u64 row number → record.AppendName
	bucketOwn   = []byte("own")   // u32 peer number | u64 row number → record.AppendHolding
	bucketSeed  = []byte("seed")  // u64 number → record.AppendSeed
	bucketNotes = []byte("notes") // u64 number → record.AppendNote; since schema 4

	// Since schema 2:
	bucketInvites = []byte("invites") // 32 bytes hash of the token → record.AppendInvite
	bucketMembers = []byte("members") // 32 bytes key → record.AppendMember
	bucketBans    = []byte("bans")    // text of the target → record.AppendBan
)

func rowKey(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

func peerKey(no uint32) []byte { return binary.BigEndian.AppendUint32(nil, no) }

const ownKeySize = 12

func banKey(t store.Target) []byte { return []byte(t.String()) }
