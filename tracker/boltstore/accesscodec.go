package boltstore

import (
	"encoding/binary"
	"math"

	"centralizedp2p/tracker/store"
)

// The buckets of schema 2, in the notation of codec.go.
var (
	bucketInvites = []byte("invites") // 32 bytes hash of the token → see appendInvite
	bucketMembers = []byte("members") // 32 bytes key → see appendMember
	bucketBans    = []byte("bans")    // text of the target → see appendBan
)

// appendInvite: uv expires, in Unix milliseconds | u8 n | for
func appendInvite(dst []byte, i *store.Invite) []byte {
	dst = binary.AppendUvarint(dst, uint64(i.Expires.UnixMilli()))
	return append(append(dst, byte(len(i.For))), i.For...)
}

func parseInvite(raw []byte) (store.Invite, error) {
	d := decoder{rest: raw}
	i := store.Invite{Expires: unixMilli(d.number(math.MaxInt64))}
	i.For = d.text(store.MaxInviteFor)
	return i, d.end()
}

// appendMember: uv since, in Unix milliseconds | u8 n | for
func appendMember(dst []byte, m *store.Member) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.Since.UnixMilli()))
	return append(append(dst, byte(len(m.For))), m.For...)
}

func parseMember(raw []byte) (store.Member, error) {
	d := decoder{rest: raw}
	m := store.Member{Since: unixMilli(d.number(math.MaxInt64))}
	m.For = d.text(store.MaxInviteFor)
	return m, d.end()
}

func banKey(t store.Target) []byte { return []byte(t.String()) }

// appendBan: uv since, in Unix milliseconds | u8 n | why
func appendBan(dst []byte, b *store.Ban) []byte {
	dst = binary.AppendUvarint(dst, uint64(b.Since.UnixMilli()))
	return append(append(dst, byte(len(b.Why))), b.Why...)
}

func parseBan(key, raw []byte) (store.Ban, error) {
	target, err := store.ParseTarget(string(key))
	if err != nil {
		return store.Ban{}, err
	}
	d := decoder{rest: raw}
	b := store.Ban{Target: target, Since: unixMilli(d.number(math.MaxInt64))}
	b.Why = d.text(store.MaxWhy)
	return b, d.end()
}

// text reads u8 n | text of at most that many bytes.
func (d *decoder) text(most int) string {
	text := string(d.take(int(d.byte())))
	if len(text) > most {
		d.bad = true
	}
	return text
}
